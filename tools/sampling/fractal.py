"""Fractal metrics of signals, computed for all rows of a matrix [rows, samples] at once. NaN where undefined."""
import numpy as np

SPECTRUM_ORDERS = np.linspace(-5, 5, 20)  # q of the multifractal spectrum; 0 is not among them
SCALES = (8, 11, 16, 23, 32, 45, 64)


def slope(x, y):
    """Least-squares slope of each row of y [rows, points] over x [points]."""
    centred = x - x.mean()
    with np.errstate(invalid="ignore"):
        return (y - y.mean(axis=-1, keepdims=True)) @ centred / (centred @ centred)


def higuchi_dimension(signal, kmax=16):
    """T. Higuchi, "Approach to an irregular time series on the basis of the fractal theory", Physica D 31 (1988).
    The length of the curve seen at every k-th sample falls as k**-D; between 1 (smooth) and 2 (plane-filling)."""
    rows, n = signal.shape
    lengths = np.empty((rows, kmax))
    for k in range(1, kmax + 1):
        total = np.zeros(rows)
        for m in range(k):
            steps = (n - 1 - m) // k
            path = np.abs(np.diff(signal[:, m::k], axis=1)).sum(axis=1)
            total += path * (n - 1) / (steps * k) / k
        lengths[:, k - 1] = total / k
    with np.errstate(divide="ignore"):
        logs = np.log(lengths)
    dimension = -slope(np.log(np.arange(1, kmax + 1)), logs)
    return np.where(np.isfinite(logs).all(axis=1), dimension, np.nan)


def segment_variances(signal, scale):
    """Variance around a straight line in each segment of `scale` samples of the integrated signal."""
    profile = np.cumsum(signal - signal.mean(axis=1, keepdims=True), axis=1)
    count = profile.shape[1] // scale
    segments = profile[:, :count * scale].reshape(len(profile), count, scale)
    t = np.arange(scale) - (scale - 1) / 2
    trend = segments @ t / (t @ t)
    rest = segments - segments.mean(axis=2, keepdims=True) - trend[:, :, None] * t
    return np.mean(rest ** 2, axis=2)


def generalised_hurst(signal, orders):
    """J. W. Kantelhardt et al., "Multifractal detrended fluctuation analysis of nonstationary time series",
    Physica A 316 (2002): h(q) for each q of `orders`, [rows, orders]."""
    fluctuation = np.empty((len(orders), len(signal), len(SCALES)))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for j, scale in enumerate(SCALES):
            variances = segment_variances(signal, scale)
            for i, q in enumerate(orders):
                fluctuation[i, :, j] = np.log(np.mean(variances ** (q / 2), axis=1)) / q
        exponents = np.stack([slope(np.log(SCALES), f) for f in fluctuation], axis=1)
    return np.where(np.isfinite(fluctuation).all(axis=2).T, exponents, np.nan)


def hurst_exponent(signal):
    """C.-K. Peng et al., "Mosaic organization of DNA nucleotides", Physical Review E 49 (1994): detrended fluctuation
    analysis, h(2). 0.5 for noise without memory; above 1 for what wanders, as a voice does inside one frame."""
    return generalised_hurst(signal, [2.0])[:, 0]


def multifractal_spectrum(signal):
    return generalised_hurst(signal, SPECTRUM_ORDERS).astype(np.float32)


def lacunarity(values, box=8):
    """C. Allain and M. Cloitre, "Characterizing the lacunarity of random and deterministic fractal sets", Physical
    Review A 44 (1991): gliding box of `box` cells over the cells above the row's median; E[m^2] / E[m]^2, 1 = even."""
    occupied = values > np.median(values, axis=1, keepdims=True)
    sums = np.cumsum(np.pad(occupied, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    mass = sums[:, box:] - sums[:, :-box]
    mean = mass.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean > 0, np.mean(mass ** 2, axis=1) / mean ** 2, np.nan)
