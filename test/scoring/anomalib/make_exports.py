"""Real exports of the installed anomalib, and what anomalib's own inferencer says of pictures: the judge of lib/scoring/import.

    python3 make_exports.py OUT [--only NAME,NAME] [--fast]

writes OUT/pictures/*.png, OUT/<case>/weights/onnx/model.onnx (with metadata.json where this anomalib writes one) and
OUT/results.json. test/scoring/import-anomalib.test.ts reads them; nothing of it is ever committed.

Works with anomalib 0.7, 1.2 and 2.x, whichever the running Python has. How such a Python was made here (CPU, no CUDA):

    python3 -m venv V && V/bin/pip install torch==2.13.0 && V/bin/pip install --no-deps torchvision==0.28.0
    2.7:  V/bin/pip install anomalib==2.7.0 onnx onnxruntime onnxscript openvino
    1.2:  V/bin/pip install --no-deps anomalib==1.2.0 imgaug==0.4.0
          V/bin/pip install 'numpy<2' 'onnx<1.20' 'onnxscript<0.6' 'ml-dtypes<0.5.4' 'opencv-python-headless<4.12' 'pandas<3' 'scipy<1.15' \
              'scikit-image<0.26' 'matplotlib<3.10' openvino omegaconf rich 'jsonargparse[signatures]' docstring-parser rich-argparse einops \
              freia kornia timm lightning torchmetrics 'open-clip-torch<2.26.1' scikit-learn imageio tifffile six shapely av requests \
              ftfy regex python-dotenv
    0.7:  V/bin/pip install --no-deps anomalib==0.7.0 pytorch-lightning==1.9.5 torchmetrics==0.10.3 timm==0.6.13 kornia==0.6.9 imgaug==0.4.0
          V/bin/pip install 'setuptools<70' 'numpy<2' 'onnx<1.20' 'ml-dtypes<0.5.4' 'openvino<2025' albumentations==1.3.1 einops freia \
              'jsonargparse[signatures]<4.28' 'matplotlib<3.10' omegaconf 'opencv-python-headless<4.12' 'pandas<3' six shapely \
              'scikit-image<0.26' scikit-learn 'scipy<1.15' lightning-utilities av huggingface_hub pyyaml tqdm requests imageio

Weights are random (no network is trained, nothing is downloaded); memory banks, Gaussians, quantiles and thresholds come from a
few drawn pictures through anomalib's own code. Exports are made by anomalib's own to_onnx / export. Scores come from anomalib's
own OpenVINOInferencer on the exported .onnx file, which is the inferencer that every version documents for ONNX.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

# A CPU torch cannot load torchvision's CUDA-linked C++ operators. Nothing here calls one; torchvision's Python part only wants to
# find these two declared.
_torchvision_operators = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _torchvision_operators.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm
from PIL import Image

_create_model = timm.create_model


def _untrained(*args, **kwargs):
    kwargs["pretrained"] = False
    return _create_model(*args, **kwargs)


timm.create_model = _untrained

import anomalib

VERSION = tuple(int(part) for part in anomalib.__version__.split(".")[:2])
_export = torch.onnx.export

if VERSION < (2, 7):
    # These versions were written for torch's older exporter, which was the default of their time.
    def _older_exporter(*args, **kwargs):
        kwargs.setdefault("dynamo", False)
        return _export(*args, **kwargs)

    torch.onnx.export = _older_exporter

if (1, 0) <= VERSION < (2, 0):
    from anomalib.data.transforms import ExportableCenterCrop

    # torchvision has renamed the method that its transforms override
    ExportableCenterCrop.transform = ExportableCenterCrop._transform

SEED = 7


def drawn(size: int, seed: int, defect: bool) -> np.ndarray:
    """A coloured, ribbed part of size x size with grain; a defect is a dark or bright spot. The same scene at every size."""
    random = np.random.default_rng(seed)
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    phase, grain = random.uniform(0, 6), random.normal(0, 1, (128, 128))
    picture = 128 + 40 * np.sin(40 * x + phase) + 20 * np.sin(23 * y) - 60 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    fine = np.asarray(Image.fromarray(grain.astype(np.float32)).resize((size, size), Image.BILINEAR))
    picture = picture + 8 * fine
    if defect:
        cx, cy, radius = random.uniform(0.25, 0.75), random.uniform(0.25, 0.75), random.uniform(0.03, 0.06)
        spot = np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2)) ** 3)
        picture = picture * (1 - spot) + spot * random.choice([20, 240])
    colours = np.stack([picture * 1.05, picture * 0.9 + 15, picture * 0.8 + 20], axis=-1)
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)


def tensors(size: int, seeds: range, defect: bool) -> torch.Tensor:
    pictures = [torch.from_numpy(drawn(size, seed, defect)).permute(2, 0, 1).float() / 255 for seed in seeds]
    return torch.stack(pictures)


def prepared(module, images: torch.Tensor) -> torch.Tensor:
    """What this version's own transform makes of pictures of 0..1."""
    if VERSION < (1, 0):
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return (images - mean[:, None, None]) / std[:, None, None]
    if VERSION < (2, 0):
        return module.configure_transforms()(images)
    return module.pre_processor.transform(images)


class Batch(dict):
    """Batches of 1.x are dictionaries, those of 2.x objects."""

    __getattr__ = dict.__getitem__


def batch_of(images: torch.Tensor) -> Batch:
    return Batch(image=images, label=torch.zeros(len(images)), gt_label=torch.zeros(len(images)))


def fit_patchcore(module, images):
    with torch.no_grad():
        core = module.model
        core.train()
        embedding = core(images)
        core.eval()
    if VERSION < (2, 0):
        core.subsample_embedding(embedding, 0.02)
    else:
        core.memory_bank = embedding if not core.memory_bank.numel() else core.memory_bank
        core.subsample_embedding(0.02)


def fit_padim(module, images):
    with torch.no_grad():
        core = module.model
        core.train()
        embedding = core(images)
        core.eval()
    if VERSION < (2, 0):
        core.gaussian.fit(embedding)
    else:
        core.fit()


def fit_efficient_ad(module, images):
    core = module.model
    core.eval()
    batches = [batch_of(images[i : i + 1]) for i in range(len(images))]
    core.mean_std.update(module.teacher_channel_mean_std(batches))
    if VERSION < (1, 0):
        with torch.no_grad():
            outputs = [core(batch["image"]) for batch in batches]
        for name, maps in (("st", [o["map_st"] for o in outputs]), ("ae", [o["map_ae"] for o in outputs])):
            flat = torch.cat([m.flatten() for m in maps])
            core.quantiles[f"qa_{name}"] = torch.quantile(flat, 0.9)
            core.quantiles[f"qb_{name}"] = torch.quantile(flat, 0.995)
    else:
        core.quantiles.update(module.map_norm_quantiles(batches))


def no_fit(module, images):
    module.model.eval()


def models():
    """Name, how it is made, how it is fitted, side of the input, side of the crop that its network sees."""
    from anomalib.models import EfficientAd, Padim, Patchcore, Stfpm

    if VERSION < (1, 0):
        # downloads, in the constructor
        EfficientAd.prepare_pretrained_model = EfficientAd.prepare_imagenette_data = lambda self: None
        size = (256, 256)
        yield "patchcore", lambda: Patchcore(size, "resnet18", ["layer2", "layer3"], pre_trained=False), fit_patchcore, 256, 256
        crop = (224, 224)
        yield "patchcore-crop", lambda: Patchcore(crop, "resnet18", ["layer2", "layer3"], pre_trained=False), fit_patchcore, 256, 224
        layers = ["layer1", "layer2", "layer3"]
        yield "padim", lambda: Padim(layers, size, "resnet18", pre_trained=False), fit_padim, 256, 256
        yield "efficientad", lambda: EfficientAd(384, size), fit_efficient_ad, 256, 256
        yield "stfpm", lambda: Stfpm(size, "resnet18", layers), no_fit, 256, 256
        from anomalib.models import Fastflow

        side = 384
        yield "fastflow-deit", lambda: Fastflow((side, side), "deit_base_distilled_patch16_384", pre_trained=False), no_fit, side, side
        return
    if VERSION < (2, 0):
        yield "patchcore", lambda: Patchcore("resnet18", pre_trained=False), fit_patchcore, 256, 224
        yield "padim", lambda: Padim(pre_trained=False), fit_padim, 256, 256
        yield "efficientad", EfficientAd, fit_efficient_ad, 256, 256
        yield "stfpm", Stfpm, no_fit, 256, 256
        return
    from anomalib.models import Dinomaly

    yield "patchcore", lambda: Patchcore("resnet18", pre_trained=False), fit_patchcore, 256, 256

    def cropped():
        pre_processor = Patchcore.configure_pre_processor(image_size=(256, 256), center_crop_size=(224, 224))
        return Patchcore("resnet18", pre_trained=False, pre_processor=pre_processor)

    yield "patchcore-crop", cropped, fit_patchcore, 256, 224
    yield "padim", lambda: Padim(pre_trained=False), fit_padim, 256, 256
    yield "efficientad", EfficientAd, fit_efficient_ad, 256, 256
    yield "stfpm", Stfpm, no_fit, 256, 256
    small = {"encoder_name": "vit_small_patch14_reg4_dinov2"}
    if VERSION < (2, 4):
        small = {"encoder_name": "dinov2reg_vit_small_14"}
    yield "dinomaly", lambda: Dinomaly(**small), no_fit, 448, 392


def raw_outputs(module, images) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and maps as the validation epoch would see them."""
    with torch.no_grad():
        module.model.eval()
        scores, maps = [], []
        for image in images:
            out = module.model(image[None])
            if VERSION < (2, 0):
                heat = out if isinstance(out, torch.Tensor) else next(iter(out.values())) if isinstance(out, dict) else out[0]
                scores.append(heat.max())
            else:
                heat = out.anomaly_map
                scores.append(out.pred_score.max())
            maps.append(heat)
    return torch.stack(scores), torch.cat(maps)


def validate(module, good, bad) -> None:
    """Sets what anomalib's validation epoch sets: thresholds between good and bad, smallest and largest values."""
    good_scores, good_maps = raw_outputs(module, good)
    bad_scores, bad_maps = raw_outputs(module, bad)
    image_threshold = (good_scores.max() + bad_scores.max()) / 2
    pixel_threshold = (good_maps.max() + bad_maps.max()) / 2
    lowest, highest = torch.minimum(good_scores.min(), bad_scores.min()), torch.maximum(good_scores.max(), bad_scores.max())
    pixel_lowest, pixel_highest = torch.minimum(good_maps.min(), bad_maps.min()), torch.maximum(good_maps.max(), bad_maps.max())
    if VERSION >= (2, 0):
        post = module.post_processor
        for name, value in (("_image_threshold", image_threshold), ("_pixel_threshold", pixel_threshold)):
            target = getattr(post, name, None)
            (target if target is not None else getattr(post, name.lstrip("_"))).copy_(value)
        post.image_min.copy_(lowest)
        post.image_max.copy_(highest)
        post.pixel_min.copy_(pixel_lowest)
        post.pixel_max.copy_(pixel_highest)
        return
    if VERSION < (1, 0):
        from anomalib.utils.metrics import MinMax

        module.normalization_metrics = MinMax()
        module.normalization_metrics.min, module.normalization_metrics.max = pixel_lowest, pixel_highest
        module.image_threshold.value, module.pixel_threshold.value = image_threshold, pixel_threshold
        module.normalization_metrics.state_dict = lambda: {"min": pixel_lowest, "max": pixel_highest}
        return
    from anomalib.metrics import MinMax
    from anomalib.metrics.threshold import ManualThreshold
    from torchmetrics import MetricCollection

    module.image_threshold = ManualThreshold(default_value=image_threshold.item())
    module.pixel_threshold = ManualThreshold(default_value=pixel_threshold.item())
    module.normalization_metrics = MetricCollection({"anomaly_maps": MinMax(), "pred_scores": MinMax()})
    for metric, low, high in (("anomaly_maps", pixel_lowest, pixel_highest), ("pred_scores", lowest, highest)):
        module.normalization_metrics[metric].min, module.normalization_metrics[metric].max = low, high
        module.normalization_metrics[metric].persistent(True)


def export(module, root: Path, side: int, crop: int, variant: str) -> None:
    if VERSION < (1, 0):
        import albumentations as A
        from albumentations.pytorch import ToTensorV2
        from anomalib.data.task_type import TaskType
        from anomalib.deploy.export import ExportMode
        from anomalib.deploy.export import export as anomalib_export

        steps = [A.Resize(side, side)] + ([A.CenterCrop(crop, crop)] if crop != side else [])
        steps += [A.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)), ToTensorV2()]
        transform = A.Compose(steps)
        anomalib_export(TaskType.SEGMENTATION, transform.to_dict(), (crop, crop), module, ExportMode.ONNX, root)
        return
    if variant == "open":
        module.to_onnx(root) if VERSION >= (2, 0) else module.to_onnx(root, task="segmentation")
    elif variant == "single":
        module.to_onnx(root, input_size=(side, side), dynamic_shapes=None)
    else:
        more = {} if VERSION >= (2, 0) else {"task": "segmentation"}
        module.to_onnx(root, input_size=(side, side), **more)


def inferencer_for(root: Path):
    from anomalib.deploy import OpenVINOInferencer

    path = root / "weights" / "onnx" / "model.onnx"
    # where the processor has bfloat16, OpenVINO computes in it unless told otherwise: scores are then off by up to 3 %
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    if VERSION >= (2, 0):
        return OpenVINOInferencer(path=path, device="CPU", config=exact)
    return OpenVINOInferencer(path=path, metadata=path.with_name("metadata.json"), device="CPU", config=exact)


def is_anomalous(label) -> bool:
    return bool(label) if not hasattr(label, "value") else label.value in (1, "Abnormal", "Anomalous", "Anomaly")


def judged(inferencer, picture: Path) -> dict:
    """What anomalib says: the score as it comes out of the graph (2.x) or the map's maximum before normalisation (0.7, 1.x)."""
    image = np.asarray(Image.open(picture).convert("RGB"))
    if VERSION >= (2, 0):
        batch = inferencer.input_blob.partial_shape[0]
        copies = batch.get_length() if batch.is_static else 1
        # predict() in its steps; its post_process takes any one of the several names that OpenVINO gives an output of torch's newer
        # exporter, and fails on the wrong one (2.7.0)
        ready = inferencer.pre_process(np.stack([image] * copies))
        predictions = inferencer.model({inferencer.input_blob.any_name: ready})
        named = {name: value for port, value in predictions.items() for name in port.names}
        score, heat = float(named["pred_score"].reshape(-1)[0]), named["anomaly_map"][0].squeeze()
        said = {"score": score, "predScore": score}
        if "pred_label" in named:
            said["label"] = bool(named["pred_label"].reshape(-1)[0])
    else:
        # predict() of these versions in its three documented steps, for the raw map between them; of predict() only a cv2.resize is
        # left out, which pictures of the input's size do not need (and which fails on a fixed size beside an open batch)
        ready = inferencer.pre_process(image if VERSION < (1, 0) else image.astype(np.float32) / 255.0)
        predictions = inferencer.forward(ready)
        metadata = dict(inferencer.metadata)
        metadata["image_shape"] = image.shape[:2]
        result = inferencer.post_process(predictions, metadata)
        heat = predictions[inferencer.output_blob].squeeze()
        said = {"score": float(heat.max()), "predScore": float(result["pred_score"]), "label": is_anomalous(result["pred_label"])}
    top, left = np.unravel_index(int(np.argmax(heat)), heat.shape)
    flat = np.sort(heat.reshape(-1))
    said.update(map=[heat.shape[1], heat.shape[0]], peak=[int(left), int(top)], gap=float(flat[-1] - flat[len(flat) // 2]))
    return said


def fitted(spec):
    make, fit, side, crop = spec
    torch.manual_seed(SEED)
    np.random.seed(SEED)
    module = make()
    module.eval()
    good, bad = tensors(side, range(100, 104), False), tensors(side, range(200, 202), True)
    if VERSION < (1, 0):  # crops outside of the model
        at = (side - crop) // 2
        good, bad = (images[:, :, at : at + crop, at : at + crop] for images in (good, bad))
    good, bad = prepared(module, good), prepared(module, bad)
    fit(module, good)
    validate(module, good, bad)
    return module.eval()


def frames_of(root: Path, variant: str, pictures: dict) -> dict:
    inferencer = inferencer_for(root)
    scales = [scale for scale in pictures if scale == 1 or variant == "open" or VERSION < (1, 0)]
    return {scale: [dict(file=path.name, **judged(inferencer, path)) for path in pictures[scale]] for scale in scales}


def run_case(out: Path, name: str, variant: str, raw: bool, module, side: int, crop: int, pictures: dict) -> dict:
    if raw:
        from anomalib.post_processing import PostProcessor

        module.post_processor = PostProcessor(enable_normalization=False, enable_thresholding=False).eval()
    case = f"{name}-{variant}" + ("-raw" if raw else "")
    root = out / case
    export(module, root, side, crop, variant)
    frames = frames_of(root, variant, pictures[side])
    return dict(
        name=case, model=name, variant=variant, raw=raw, side=side, crop=crop, onnx=f"{case}/weights/onnx/model.onnx", frames=frames
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--fast", action="store_true", help="one variant of each model, no larger frames")
    parser.add_argument("--again", action="store_true", help="score the exports that lie in OUT once more, export nothing")
    arguments = parser.parse_args()
    out: Path = arguments.out.resolve()
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    os.chdir(out)  # OpenVINO's cache folders
    pictures: dict = {}
    for side in (256, 384, 448):
        pictures[side] = {}
        for scale in (1,) if arguments.fast else (1, 2, 4):
            paths = []
            for seed in range(300, 303):
                path = out / "pictures" / f"{side}x{scale}-{seed}.png"
                Image.fromarray(drawn(side * scale, seed, seed % 2 == 1)).save(path)
                paths.append(path)
            pictures[side][scale] = paths
    cases, failures = [], []
    if arguments.again:
        results = json.loads((out / "results.json").read_text())
        for case in results["cases"]:
            print(f"== {case['name']} again", flush=True)
            case["frames"] = frames_of(out / case["name"], case["variant"], pictures[case["side"]])
        (out / "results.json").write_text(json.dumps(results, indent=1))
        return
    for name, make, fit, side, crop in models():
        if arguments.only and name not in arguments.only.split(","):
            continue
        variants = [("fixed", False)]
        if VERSION >= (1, 0) and not arguments.fast:
            variants.append(("open", False))
        if VERSION >= (2, 0) and not arguments.fast:
            variants += [("open", True)]
        if VERSION >= (2, 7):
            variants.append(("single", False))
        module = None
        for variant, raw in sorted(variants, key=lambda each: each[1]):
            print(f"== {name} {variant} {'raw' if raw else ''}", flush=True)
            try:
                module = module or fitted((make, fit, side, crop))
                cases.append(run_case(out, name, variant, raw, module, side, crop, pictures))
            except Exception as error:  # the report says which case failed and why; the test shows it
                traceback.print_exc()
                failures.append(dict(name=f"{name}-{variant}{'-raw' if raw else ''}", error=str(error).split("\n")[0][:300]))
            results = dict(anomalib=anomalib.__version__, torch=torch.__version__, cases=cases, failures=failures)
            (out / "results.json").write_text(json.dumps(results, indent=1))
    print(json.dumps([(case["name"], len(case["frames"])) for case in cases]), failures)


if __name__ == "__main__":
    main()
