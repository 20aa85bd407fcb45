"""A server of the package `kserve` (PyPI) on 127.0.0.1 that runs an ONNX model: kserve_server.py PORT NAME MODEL [KEY CERTIFICATE].

Server and protocol are KServe's; ours is only the class that hands tensors to Python's ONNX Runtime.
A Python that can run it: pip install kserve onnxruntime.
"""
import sys

import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer

datatypes = {"tensor(uint8)": "UINT8", "tensor(float)": "FP32"}


class Onnx(Model):
    def __init__(self, name, path):
        super().__init__(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.ready = True

    def get_input_types(self):
        return [described(one) for one in self.session.get_inputs()]

    def get_output_types(self):
        return [described(one) for one in self.session.get_outputs()]

    def predict(self, payload: InferRequest, headers=None):
        names = [one.name for one in self.session.get_outputs()]
        results = self.session.run(names, {one.name: one.as_numpy() for one in payload.inputs})
        outputs = []
        for name, result in zip(names, results):
            output = InferOutput(name=name, shape=list(result.shape), datatype="FP32")
            output.set_data_from_numpy(result, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(
            payload.id,
            self.name,
            outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


def described(one):
    return {"name": one.name, "datatype": datatypes[one.type], "shape": [side if isinstance(side, int) else -1 for side in one.shape]}


port, name, path, *tls = sys.argv[1:]
secured = dict(zip(["ssl_keyfile", "ssl_certfile"], tls))
ModelServer(http_port=int(port), enable_grpc=False, workers=1, **secured).start([Onnx(name, path)])
