// libnvonnxparser.so.10 of the double.
#include <memory>

#include "nvinfer.h"

#include <NvOnnxParser.h>

namespace twin {
Living& living() {
  static Living all;
  return all;
}

nvinfer1::Dims Input::getDimensions() const noexcept {
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<int32_t>(declared.dims.size());
  std::copy(declared.dims.begin(), declared.dims.end(), dims.d);
  return dims;
}

namespace {
struct Error : nvonnxparser::IParserError {
  char const* desc() const override { return text.c_str(); }
  std::string text;
};

struct Parser : nvonnxparser::IParser {
  explicit Parser(Network& into) : network(into) {}
  bool parse(void const* bytes, size_t size, const char*) noexcept override {
    try {
      network.onnx.assign(static_cast<const char*>(bytes), size);
      const Graph graph = graphOf(network.onnx);
      std::map<std::string, Value> values;
      for (const Declared& input : graph.inputs) {
        network.inputs.push_back(std::make_unique<Input>(input));
        Value zeros{input.dims, {}};
        for (int64_t& side : zeros.dims) side = side < 0 ? 1 : side;
        zeros.data.resize(volume(zeros.dims));
        values[input.name] = zeros;
      }
      evaluate(graph, values, false);
      return true;
    } catch (const std::exception& thrown) {
      error.text = thrown.what();
      errors = 1;
      return false;
    }
  }
  int getNbErrors() const noexcept override { return errors; }
  nvonnxparser::IParserError const* getError(int) const noexcept override { return &error; }
  Network& network;
  Error error;
  int errors = 0;
  Counted counted{"parser"};
};
}  // namespace
}  // namespace twin

extern "C" void* createNvOnnxParser_INTERNAL(void* network, void*, int) noexcept {
  auto* definition = static_cast<nvinfer1::INetworkDefinition*>(network);
  return static_cast<nvonnxparser::IParser*>(new twin::Parser(*static_cast<twin::Network*>(definition)));
}
