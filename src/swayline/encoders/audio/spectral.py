"""What a sound is like, in numbers without training: log-mel bands and the shape of its spectrum over time.

::

    samples → 16 kHz → frames of 25 ms every 10 ms → power → 64 mel bands → log
    log-mel      mean, spread and mean change of each band                  192
    cepstrum     mean and spread of 20 cosine coefficients                   40
    spectrum     mean and spread of centroid, bandwidth, roll-off, flatness,
                 flux, zero crossings and loudness                           14
    rhythm       strength of the beat's autocorrelation at 8 tempi            8

Shapes: T samples, N frames, M mel bands, D width (254).

References
----------
Tzanetakis and Cook, "Musical Genre Classification of Audio Signals", IEEE Transactions on Speech and Audio Processing
2002 (spectral shape and rhythm).
Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word Recognition", IEEE ASSP 1980.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.fft import dct, rfft
from scipy.signal import resample_poly

from swayline.encoders.audio.wave import Samples

Floats = npt.NDArray[np.float64]
RATE, FRAME, STEP, MELS, CEPSTRA = 16_000, 400, 160, 64, 20
_FFT = 512
_TEMPI = (0.30, 0.36, 0.43, 0.50, 0.60, 0.72, 0.86, 1.0)
"""Seconds between beats: 200 to 60 a minute."""
_LEAST = 1e-10
DIM = 3 * MELS + 2 * CEPSTRA + 14 + len(_TEMPI)


def log_mel(samples: Samples, rate: int) -> Floats:
    """(N, M) log power in mel bands of 25 ms frames every 10 ms.

    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    >>> log_mel(tone, 16_000).shape
    (98, 64)
    """
    return np.log(_power(_at_rate(samples, rate)) @ _bands().T + _LEAST)


def describe(samples: Samples, rate: int) -> Floats:
    """(D,) log-mel statistics, cepstrum, spectral shape and rhythm of a sound."""
    steady = _at_rate(samples, rate)
    power = _power(steady)
    mel = np.log(power @ _bands().T + _LEAST)
    mel -= mel.mean()  # how loud it was recorded says nothing of it; loudness over time is told apart
    change = np.abs(np.diff(mel, axis=0)).mean(axis=0) if len(mel) > 1 else np.zeros(MELS)
    cepstra = dct(mel, type=2, axis=1, norm="ortho")[:, 1 : CEPSTRA + 1]
    shape = _shape(steady, power)
    parts = [mel.mean(0), mel.std(0), change, cepstra.mean(0), cepstra.std(0), shape.mean(0), shape.std(0)]
    return np.concatenate([*parts, _rhythm(mel)])


def _at_rate(samples: Samples, rate: int) -> Floats:
    """The samples at 16 kHz, at least one frame of them."""
    found = np.asarray(samples, np.float64)
    if rate != RATE:
        shared = int(np.gcd(rate, RATE))
        found = resample_poly(found, RATE // shared, rate // shared)
    return np.pad(found, (0, max(0, FRAME - len(found))))


def _frames(steady: Floats) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(steady, FRAME)[::STEP]


def _power(steady: Floats) -> Floats:
    """(N, F) power of each frame's frequencies."""
    frames = _frames(steady)
    found = np.empty((len(frames), _FFT // 2 + 1))
    for start in range(0, len(frames), 4096):
        part = frames[start : start + 4096] * np.hanning(FRAME)
        found[start : start + 4096] = np.abs(rfft(part, _FFT, axis=1)) ** 2
    return found


@cache
def _bands() -> Floats:
    """(M, F) triangles on the mel scale from 40 Hz to 7,600 Hz."""
    low, high = (2595.0 * np.log10(1.0 + hertz / 700.0) for hertz in (40.0, 7_600.0))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, MELS + 2) / 2595.0) - 1.0)
    hertz = np.arange(_FFT // 2 + 1) * RATE / _FFT
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def _shape(steady: Floats, power: Floats) -> Floats:
    """(N, 7) of each frame: centroid, bandwidth, roll-off, flatness, flux, crossings, loudness."""
    share = power / (power.sum(axis=1, keepdims=True) + _LEAST)
    place = np.linspace(0.0, 1.0, power.shape[1])
    centroid = share @ place
    width = np.sqrt(np.maximum(share @ place**2 - centroid**2, 0.0))
    rolled = (np.cumsum(share, axis=1) < 0.85).sum(axis=1) / power.shape[1]
    flat = np.exp(np.log(power + _LEAST).mean(axis=1)) / (power.mean(axis=1) + _LEAST)
    flux = np.concatenate([[0.0], np.sqrt((np.diff(share, axis=0) ** 2).sum(axis=1))])
    frames = _frames(steady)
    crossings = (np.diff(np.signbit(frames), axis=1) != 0).mean(axis=1)
    loud = np.log(power.sum(axis=1) + _LEAST)
    return np.stack(
        [centroid, width, rolled, np.minimum(flat, 1.0), flux, crossings, (loud - loud.max()) / 10.0], axis=1
    )


def _rhythm(mel: Floats) -> Floats:
    """(8,) autocorrelation of the onsets at eight tempi."""
    onset = np.maximum(np.diff(mel, axis=0), 0.0).sum(axis=1)
    onset = onset - onset.mean() if len(onset) else np.zeros(1)
    whole = float(onset @ onset)
    lags = [round(seconds * RATE / STEP) for seconds in _TEMPI]
    return np.array([onset[lag:] @ onset[:-lag] / whole if whole > 0 and lag < len(onset) else 0.0 for lag in lags])
