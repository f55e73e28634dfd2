"""The workloads as closed forms in NumPy, where the closed form is short. The argument is float32 or float64."""

import sys

import numpy as np

from arrays import serve

dtype = getattr(np, sys.argv[1])
rate = 0.1


def same(out):
    return out


def logistic(theta, X, y):
    def run():
        h = 1 / (1 + np.exp(-(X @ theta)))
        return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)), X.T @ (h - y) / len(y)

    return run, same


def curvature(theta, v, X, y):
    def run():
        h = 1 / (1 + np.exp(-(X @ theta)))
        return X.T @ (h * (1 - h) * (X @ v)) / len(y)

    return run, same


def perceptron(m, X, y):
    def run():
        hidden = np.maximum(X @ m["W1"] + m["b1"], 0)
        logits = hidden @ m["W2"] + m["b2"]
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        g = (np.exp(logs) - y) / len(y)
        back = (g @ m["W2"].T) * (hidden > 0)
        gradient = {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": hidden.T @ g, "b2": g.sum(axis=0)}
        return -np.mean((y * logs).sum(axis=1)), {name: x - dtype(rate) * gradient[name] for name, x in m.items()}

    return run, same


def elementwise(x):
    def run():
        s, e, t = np.sin(x), np.exp(-x * x), np.tanh(x)
        return np.mean(s * e + t), ((np.cos(x) - 2 * x * s) * e + 1 - t * t) / dtype(x.size)

    return run, same


def chain(start, steps):
    def run():
        x, slope = start, dtype(1)
        for _ in range(steps):
            slope = slope * (dtype(0.99) * np.cos(x))
            x = dtype(0.99) * np.sin(x) + dtype(0.1)
        return x, slope

    return run, same


serve(
    np.__version__,
    {
        "logistic": logistic,
        "curvature": curvature,
        "perceptron": perceptron,
        "product": lambda A, B: (lambda: A @ B, same),
        "productGradients": lambda A, B, G: (lambda: (A @ B, (G @ B.T, A.T @ G)), same),
        "elementwise": elementwise,
        "chain": chain,
        "sumOfSquares": lambda x: (lambda: (np.sum(x * x), 2 * x), same),
    },
    array=lambda values: values.astype(dtype) if values.ndim else dtype(values),
    numbers=np.asarray,
)
