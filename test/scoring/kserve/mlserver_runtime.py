"""A runtime for MLServer (PyPI) that runs an ONNX model: `mlserver start FOLDER`, this file in the folder.

Server and protocol are MLServer's; ours is only the class that hands tensors to Python's ONNX Runtime.
A Python that can run it: pip install mlserver onnxruntime.
"""
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Onnx(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = self.settings.parameters.uri
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {one.name: NumpyCodec.decode_input(one).reshape(one.shape) for one in payload.inputs}
        names = [one.name for one in payload.outputs]
        results = self.session.run(names, feeds)
        outputs = [NumpyCodec.encode_output(name, result) for name, result in zip(names, results)]
        for output, result in zip(outputs, results):
            output.shape = list(result.shape)
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=outputs)
