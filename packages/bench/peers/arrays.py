"""The talk between the bench and an engine in Python: one JSON object a line, in and out; arrays through files of float64 numbers."""

import json
import sys
import time

import numpy


def mapped(tree, leaf):
    """Leaves of a tree of arguments, told by their shape and offset, as `leaf` makes them of a flat array and a shape."""
    if "offset" in tree:
        return leaf(tree)
    return {name: mapped(part, leaf) for name, part in tree.items()}


def leaves(value):
    """In the order that all engines share: sequences as they stand, dictionaries by sorted names."""
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return [leaf for name in sorted(value) for leaf in leaves(value[name])]
    return [value]


def stopwatch():
    """Starts; what it gives tells the seconds since then: of the wall's clock or of the processor's, whichever is less."""
    work, start = time.process_time(), time.perf_counter()
    return lambda: min(time.perf_counter() - start, time.process_time() - work)


def serve(version, problems, array, numbers):
    """`problems` makes a function without arguments from inputs and settings; `array` makes an input of numbers, `numbers` the way back."""
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "open" in request:
                reply = {"version": version}
            elif "load" in request:
                load = request["load"]
                if load["problem"] not in problems:
                    raise NotImplementedError("no version of this workload is written")
                flat = numpy.fromfile(load["inputs"], dtype=numpy.float64)

                def entry(at):
                    size = int(numpy.prod(at["shape"], dtype=numpy.int64))
                    return array(flat[at["offset"] : at["offset"] + size].reshape(at["shape"]))

                inputs = [mapped(tree, entry) for tree in load["trees"]]
                run, restore = problems[load["problem"]](*inputs, **load["settings"])
                stop = stopwatch()
                out = run()
                first = stop()
                results = [numbers(leaf).astype(numpy.float64).ravel() for leaf in leaves(restore(out))]
                numpy.concatenate(results).tofile(load["outputs"])
                reply = {"first": first * 1e3, "sizes": [leaf.size for leaf in results]}
            else:
                calls = request["time"]["calls"]
                stop = stopwatch()
                for _ in range(calls):
                    run()
                reply = {"milliseconds": stop() * 1e3}
        except NotImplementedError as error:
            reply = {"error": str(error)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), flush=True)
