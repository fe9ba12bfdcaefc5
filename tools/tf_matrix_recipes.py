"""What feeds ops on matrices, spectra and classes."""

from __future__ import annotations

from random import Random
from typing import Any

from tf_drawing import C, Drawn, P, W, dims

__all__ = [
    "EQUATIONS",
    "approximate_top_k",
    "band",
    "batch_matmul",
    "diag",
    "diag_part",
    "einsum",
    "entropy",
    "fourier",
    "inverse_fourier",
    "linspace",
    "matmul",
    "multinomial",
    "set_diag",
    "set_diag_1",
    "sparse_entropy",
    "square_matrix",
]


def matmul(rng: Random) -> Drawn:
    a, b = rng.random() < 0.3, rng.random() < 0.3
    n, k, m = (rng.randint(1, 5) for _ in range(3))
    left, right = ((k, n) if a else (n, k)), ((m, k) if b else (k, m))
    return Drawn({"a": P(*left), "b": rng.choice([P, W])(*right)}, {"transpose_a": a, "transpose_b": b})


def batch_matmul(rng: Random) -> Drawn:
    a, b = rng.random() < 0.3, rng.random() < 0.3
    n, k, m = (rng.randint(1, 5) for _ in range(3))
    batch = dims(rng, 0, 3)
    left, right = ((k, n) if a else (n, k)), ((m, k) if b else (k, m))
    return Drawn({"x": P(*batch, *left), "y": rng.choice([P, P, W])(*batch, *right)}, {"adj_x": a, "adj_y": b})


EQUATIONS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 3)],
    "bthd,bshd->bhts": [(1, 4, 2, 3)] * 2,
    "bhts,bshd->bthd": [(1, 2, 4, 4), (1, 4, 2, 3)],
    "abc,cd->abd": [(2, 3, 4), (4, 5)],
    "ij->ji": [(2, 3)],
    "abc,cde->abde": [(2, 3, 4), (4, 2, 3)],
    "ii->i": [(3, 3)],
    "ij->": [(2, 3)],
    "ij->i": [(2, 3)],
    "i,j->ij": [(2,), (3,)],
    "...ij,...jk->...ik": [(2, 3, 4), (2, 4, 3)],
    "ij,ij->ij": [(2, 3)] * 2,
    "i,i->": [(3,), (3,)],
    "iij->j": [(2, 2, 3)],
    "abcd,cde->abe": [(2, 3, 2, 2), (2, 2, 4)],
    "ab,bc,cd->ad": [(2, 3), (3, 2), (2, 4)],
    "bqc,bvc->bqv": [(2, 3, 4), (2, 5, 4)],
    "acbe,aecd->abcd": [(1, 2, 3, 4), (1, 4, 2, 5)],
    "ijk,jl->ikl": [(2, 3, 4), (3, 5)],
}


def einsum(rng: Random) -> Drawn:
    equation = rng.choice(sorted(EQUATIONS))
    shapes = EQUATIONS[equation]
    return Drawn({"inputs": [P(*each) for each in shapes]}, {"equation": equation})


def fourier(rng: Random, rank: int) -> Drawn:
    length = [2 ** rng.randint(2, 4) for _ in range(rank)]
    return Drawn({"input": P(*dims(rng, 0, 2), *length), "fft_length": C(length) if rng.random() < 0.8 else P(rank)})


def inverse_fourier(rng: Random, rank: int) -> Drawn:
    length = [2 ** rng.randint(2, 4) for _ in range(rank)]
    shape = [*length[:-1], length[-1] // 2 + 1]
    return Drawn({"input": P(*dims(rng, 0, 2), *shape), "fft_length": C(length)})


def entropy(rng: Random) -> Drawn:
    n, k = rng.randint(1, 4), rng.randint(1, 5)
    return Drawn({"features": P(n, k), "labels": P(n, k)})


def sparse_entropy(rng: Random) -> Drawn:
    n, k = rng.randint(1, 4), rng.randint(1, 5)
    return Drawn({"features": P(n, k), "labels": P(n)})


def diag(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    if rng.random() < 0.6:
        args = {"k": C(0), "num_rows": C(-1), "num_cols": C(-1), "padding_value": C(0)}
    else:
        args = {"k": C(rng.choice([1, -1])), "num_rows": C(-1), "num_cols": C(-1), "padding_value": C(0)}
    return Drawn({"diagonal": P(*shape), **args})


def set_diag(rng: Random) -> Drawn:
    n, m = rng.randint(2, 4), rng.randint(2, 4)
    batch = dims(rng, 0, 2)
    k = rng.choice([0, 0, 1])
    return Drawn({"input": P(*batch, n, m), "diagonal": P(*batch, min(n, m - k)), "k": C(k)})


def set_diag_1(rng: Random) -> Drawn:
    n, m = rng.randint(2, 4), rng.randint(2, 4)
    batch = dims(rng, 0, 2)
    return Drawn({"input": P(*batch, n, m), "diagonal": P(*batch, min(n, m))})


def diag_part(rng: Random) -> Drawn:
    shape = [*dims(rng, 0, 2), rng.randint(2, 4), rng.randint(2, 4)]
    return Drawn({"input": P(*shape), "k": C(0), "padding_value": C(0)})


def band(rng: Random) -> Drawn:
    shape = [*dims(rng, 0, 2), rng.randint(1, 4), rng.randint(1, 4)]
    make = C if rng.random() < 0.8 else _placeholder
    return Drawn(
        {"input": P(*shape), "num_lower": make(rng.choice([-1, 0, 1])), "num_upper": make(rng.choice([-1, 0, 1]))}
    )


def square_matrix(rng: Random, *names: str) -> Drawn:
    shape = [*dims(rng, 0, 2, 3), *[rng.randint(2, 4)] * 2]
    return Drawn({name: P(*shape) for name in names})


def linspace(rng: Random) -> Drawn:
    make = C if rng.random() < 0.5 else _placeholder
    return Drawn({"start": make(0.0), "stop": P(), "num": C(rng.randint(2, 6))})


def multinomial(rng: Random) -> Drawn:
    return Drawn({"logits": P(rng.randint(1, 3), rng.randint(2, 5)), "num_samples": C(rng.randint(1, 4))})


def approximate_top_k(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    along = rng.choice([-1, len(shape) - 1, 0])
    return Drawn({"input": P(*shape)}, {"k": 1, "reduction_dimension": along, "is_max_k": rng.random() < 0.8})


def _placeholder(_value: float) -> tuple[str, Any]:
    return P()
