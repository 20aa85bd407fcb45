// The network between parser and builder of the double.
#pragma once
#include <NvInfer.h>

#include "onnx.h"

namespace twin {

struct Input : nvinfer1::ITensor, nvinfer1::apiv::VTensor {
  explicit Input(const Declared& of) : declared(of) { mImpl = this; }
  nvinfer1::Dims getDimensions() const noexcept override;
  char const* getName() const noexcept override { return declared.name.c_str(); }
  Declared declared;
};

struct Network : nvinfer1::INetworkDefinition, nvinfer1::apiv::VNetworkDefinition {
  Network() { mImpl = this; }
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs.size()); }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override { return inputs.at(index).get(); }
  std::vector<std::unique_ptr<Input>> inputs;
  std::string onnx;
  Counted counted{"network"};
};

}  // namespace twin
