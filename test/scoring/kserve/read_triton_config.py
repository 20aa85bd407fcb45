"""Reads a config.pbtxt by Triton's own schema (package `tritonclient`) and prints it as JSON: read_triton_config.py FILE."""
import importlib.util
import os
import sys

import tritonclient
from google.protobuf import json_format, text_format

# the file alone: its package would want all of gRPC
path = os.path.join(tritonclient.__path__[0], "grpc", "model_config_pb2.py")
spec = importlib.util.spec_from_file_location("model_config_pb2", path)
schema = importlib.util.module_from_spec(spec)
spec.loader.exec_module(schema)

with open(sys.argv[1], encoding="utf-8") as file:
    config = text_format.Parse(file.read(), schema.ModelConfig())
print(json_format.MessageToJson(config, preserving_proto_field_name=True))
