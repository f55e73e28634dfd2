"""The workloads as one writes them with PyTorch, eagerly and on one thread. The argument is float32 or float64."""

import sys

import torch
import torch.nn.functional as F

from arrays import serve

torch.set_num_threads(1)
dtype = getattr(torch, sys.argv[1])
rate = 0.1


def same(out):
    return out


def gradient_of(loss, model, *data):
    """A function that gives the value and the gradient at a tensor, or at every tensor of a dictionary."""
    parts = list(model.values()) if isinstance(model, dict) else [model]
    for part in parts:
        part.requires_grad_()

    def run():
        value = loss(model, *data)
        gradient = torch.autograd.grad(value, parts)
        return value.detach(), dict(zip(model, gradient)) if isinstance(model, dict) else gradient[0]

    return run, same


def step_of(loss, model, *data):
    value_and_gradient, _ = gradient_of(loss, model, *data)

    def run():
        value, gradient = value_and_gradient()
        with torch.no_grad():
            return value, {name: x - rate * gradient[name] for name, x in model.items()}

    return run, same


def logistic_loss(theta, X, y):
    h = torch.sigmoid(X @ theta)
    return -torch.mean(y * torch.log(h) + (1 - y) * torch.log(1 - h))


def cross_entropy(logits, y):
    return -torch.mean(torch.sum(y * F.log_softmax(logits, dim=1), dim=1))


def curvature(theta, v, X, y):
    theta.requires_grad_()

    def run():
        (gradient,) = torch.autograd.grad(logistic_loss(theta, X, y), theta, create_graph=True)
        return torch.autograd.grad(gradient, theta, v)[0]

    return run, same


def perceptron_loss(model, X, y):
    return cross_entropy(torch.relu(X @ model["W1"] + model["b1"]) @ model["W2"] + model["b2"], y)


def product_gradients(A, B, G):
    A.requires_grad_()
    B.requires_grad_()

    def run():
        C = A @ B
        return C.detach(), torch.autograd.grad(C, (A, B), G)

    return run, same


def iterated(steps):
    def run(x):
        for _ in range(steps):
            x = 0.99 * torch.sin(x) + 0.1
        return x

    return run


def transformer(model, x, target, heads):
    batch, length, width = x.shape
    future = torch.ones(length, length, dtype=torch.bool).triu(1)

    def apart(part):
        return part.reshape(batch, length, heads, width // heads).transpose(1, 2)

    def loss(m, x, target):
        normed = F.layer_norm(x, (width,), m["gain1"], m["bias1"])
        q, k, v = map(apart, (normed @ m["Wqkv"] + m["bqkv"]).chunk(3, dim=-1))
        scores = (q @ k.transpose(-1, -2) / (width // heads) ** 0.5).masked_fill(future, float("-inf"))
        mixed = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(batch, length, width)
        attended = x + (mixed @ m["Wo"] + m["bo"])
        normed = F.layer_norm(attended, (width,), m["gain2"], m["bias2"])
        out = attended + (F.gelu(normed @ m["W1"] + m["b1"], approximate="tanh") @ m["W2"] + m["b2"])
        return F.mse_loss(out, target)

    return gradient_of(loss, model, x, target)


def convolutional_loss(m, images, y):
    x = F.max_pool2d(torch.relu(F.conv2d(images, m["K1"], m["c1"], padding=1)), 2)
    x = F.max_pool2d(torch.relu(F.conv2d(x, m["K2"], m["c2"], padding=1)), 2)
    return cross_entropy(x.flatten(1) @ m["W"] + m["b"], y)


def recurrent(model, xs, targets):
    """By PyTorch's own LSTM, whose weights are transposed and whose two biases are added."""
    weights = {"Wx": model["Wx"].t().contiguous(), "Wh": model["Wh"].t().contiguous(), "b": model["b"]}
    _, batch, width = targets.shape
    start = torch.zeros(1, batch, width, dtype=dtype)
    none = torch.zeros(4 * width, dtype=dtype)

    def loss(m, xs, targets):
        hidden, _, _ = torch.lstm(xs, (start, start), (m["Wx"], m["Wh"], m["b"], none), True, 1, 0.0, True, False, False)
        return F.mse_loss(hidden, targets)

    run, _ = gradient_of(loss, weights, xs, targets)

    def restore(out):
        value, gradient = out
        return value, {"Wx": gradient["Wx"].t(), "Wh": gradient["Wh"].t(), "b": gradient["b"]}

    return run, restore


serve(
    torch.__version__,
    {
        "logistic": lambda theta, X, y: gradient_of(logistic_loss, theta, X, y),
        "curvature": curvature,
        "perceptron": lambda model, X, y: step_of(perceptron_loss, model, X, y),
        "product": lambda A, B: (lambda: A @ B, same),
        "productGradients": product_gradients,
        "elementwise": lambda x: gradient_of(lambda x: torch.mean(torch.sin(x) * torch.exp(-(x**2)) + torch.tanh(x)), x),
        "chain": lambda start, steps: gradient_of(iterated(steps), start),
        "transformer": transformer,
        "convolutional": lambda model, images, y: step_of(convolutional_loss, model, images, y),
        "sumOfSquares": lambda x: gradient_of(lambda x: torch.sum(x**2), x),
        "recurrent": recurrent,
    },
    array=lambda values: torch.tensor(values, dtype=dtype),
    numbers=lambda leaf: leaf.detach().numpy(),
)
