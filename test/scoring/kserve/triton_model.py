"""A model of Triton's Python backend that runs the model.onnx beside it, for a Triton without the ONNX Runtime backend.

The wheel `nvidia-pytriton` (PyPI) brings the server's binary with this backend only. SERVER_SITE_PACKAGES: where onnxruntime lies.
"""
import os
import sys

sys.path.insert(0, os.environ["SERVER_SITE_PACKAGES"])
import onnxruntime  # noqa: E402
import triton_python_backend_utils as triton  # noqa: E402


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [one.name for one in self.session.get_inputs()]
        self.outputs = [one.name for one in self.session.get_outputs()]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        feeds = {name: triton.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        results = self.session.run(self.outputs, feeds)
        return triton.InferenceResponse([triton.Tensor(*pair) for pair in zip(self.outputs, results)])
