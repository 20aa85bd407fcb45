"""Anomalib's side of the bench in lib/scoring/bench-anomalib.ts: its own inferencer at work, when told.

    python3 bench_side.py OUT [MODEL]

Needs anomalib 2.x. Fits MODEL (default padim) as make_exports.py does, exports it with an open picture size into OUT and prints one line of JSON. Then, for each
line {"ms", "pictures", "how"} on stdin, it takes the pictures (paths) in turn for so many milliseconds and prints {"times", "scores"}:
`inferencer` is anomalib's OpenVINOInferencer on the .onnx file, the only one that anomalib has for ONNX; `onnxruntime` reads and prepares
pictures with the same two functions of anomalib and runs the same file in onnxruntime, which anomalib itself does not offer. One thread each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

# what is printed by libraries must not come between the answers
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import make_exports as made  # noqa: E402
import anomalib  # noqa: E402
import onnxruntime  # noqa: E402
import openvino  # noqa: E402
from anomalib.data.utils import read_image  # noqa: E402
from anomalib.deploy import OpenVINOInferencer  # noqa: E402
from anomalib.post_processing import PostProcessor  # noqa: E402


def answer(value: dict) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def main() -> None:
    out = Path(sys.argv[1]).resolve()
    wanted = sys.argv[2] if len(sys.argv) > 2 else "padim"
    os.chdir(out)  # OpenVINO's cache folder
    spec = next(each[1:] for each in made.models() if each[0] == wanted)
    module = made.fitted(spec)
    # scores as the model has them: normalised ones are cut off at 0 and 1, where any two are equal
    module.post_processor = PostProcessor(enable_normalization=False, enable_thresholding=False).eval()
    made.export(module, out, spec[2], spec[3], "open")
    path = out / "weights" / "onnx" / "model.onnx"
    inferencer = OpenVINOInferencer(path=path, device="CPU", config={"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def by_steps(picture: str) -> float:
        # predict() in its steps; its post_process takes any one of the several names that OpenVINO gives an output of torch's newer
        # exporter, and fails on the wrong one (2.7.0)
        ready = inferencer.pre_process(read_image(picture, as_tensor=False))
        predictions = inferencer.model({inferencer.input_blob.any_name: ready})
        named = {name: value for port, value in predictions.items() for name in port.names}
        return float(named["pred_score"].reshape(-1)[0])

    def by_predict(picture: str) -> float:
        return float(inferencer.predict(picture).pred_score.reshape(-1)[0])

    def by_onnxruntime(picture: str) -> float:
        ready = inferencer.pre_process(read_image(picture, as_tensor=False))
        outputs = dict(zip(names, session.run(None, {session.get_inputs()[0].name: ready})))
        return float(outputs["pred_score"].reshape(-1)[0])

    ways = {"inferencer": by_predict, "onnxruntime": by_onnxruntime}
    called = "OpenVINOInferencer.predict"
    picture = out / "first.png"
    made.Image.fromarray(made.drawn(spec[2], 300, False)).save(picture)
    try:
        by_predict(str(picture))
    except TypeError:
        ways["inferencer"] = by_steps
        called = "OpenVINOInferencer's read_image, pre_process and model, because its post_process fails on this export"
    answer(
        dict(
            anomalib=anomalib.__version__,
            openvino=openvino.__version__,
            onnxruntime=onnxruntime.__version__,
            called=called,
            onnx=str(path),
            model=wanted,
        )
    )
    for line in sys.stdin:
        order = json.loads(line)
        way, pictures = ways[order["how"]], order["pictures"]
        times, scores = [], []
        end = time.perf_counter() + order["ms"] / 1000
        while len(scores) < len(pictures) or time.perf_counter() < end:
            began = time.perf_counter()
            scores.append(way(pictures[len(scores) % len(pictures)]))
            times.append((time.perf_counter() - began) * 1000)
        answer(dict(times=times, scores=scores[: len(pictures)]))


if __name__ == "__main__":
    main()
