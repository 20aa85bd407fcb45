#include "plan.h"

namespace goodpart {
namespace {

constexpr size_t kLargestTensor = size_t{1} << 31;

std::pair<const char*, size_t> typeOf(nvinfer1::DataType type) {
  switch (type) {
    case nvinfer1::DataType::kFLOAT: return {"float32", 4};
    case nvinfer1::DataType::kHALF: return {"float16", 2};
    case nvinfer1::DataType::kUINT8: return {"uint8", 1};
    default: return {"another type", 8};
  }
}

std::string firstError(nvonnxparser::IParser& parser) {
  const nvonnxparser::IParserError* error = parser.getNbErrors() > 0 ? parser.getError(0) : nullptr;
  return error && error->desc() ? error->desc() : "unknown error";
}

}  // namespace

std::vector<char> buildPlan(const void* onnx, size_t bytes, bool half, size_t workspace, Progress& progress) {
  Device& device = Device::get();
  device.enter();
  // in this order, so that each is destroyed before what made it
  const std::unique_ptr<nvinfer1::IBuilder> builder(device.builder());
  if (!builder) throw device.failure(kMissing, "TensorRT gives no builder");
  const std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(0));
  const std::unique_ptr<nvinfer1::IBuilderConfig> config(network ? builder->createBuilderConfig() : nullptr);
  const std::unique_ptr<nvonnxparser::IParser> parser(config ? device.parser(*network) : nullptr);
  if (!parser) throw device.failure(kBuild, "TensorRT gives nothing to build with");
  if (!parser->parse(onnx, bytes)) throw device.failure(kBuild, "TensorRT cannot use model.onnx: " + firstError(*parser));
  // without half precision it is the second try: then in full precision indeed
  if (half) config->setFlag(nvinfer1::BuilderFlag::kFP16);
  else config->clearFlag(nvinfer1::BuilderFlag::kTF32);
  config->setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, workspace);
  config->setProgressMonitor(&progress);
  const std::unique_ptr<nvinfer1::IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  if (progress.cancelled) throw Failure(kBuild, "Building was called off");
  if (!plan || !plan->data() || plan->size() == 0) throw device.failure(kBuild, "TensorRT could not build a plan");
  const char* from = static_cast<const char*>(plan->data());
  return std::vector<char>(from, from + plan->size());
}

Plan::Plan(const void* bytes, size_t size) : device_(Device::get()), stream_(nullptr, device_.cuStreamDestroy_v2) {
  device_.enter();
  constexpr unsigned kNonBlocking = 1;
  CUstream stream = nullptr;
  device_.check(device_.cuStreamCreate(&stream, kNonBlocking), "cuStreamCreate");
  stream_.reset(stream);
  runtime_.reset(device_.runtime());
  if (!runtime_) throw device_.failure(kMissing, "TensorRT gives no runtime");
  engine_.reset(runtime_->deserializeCudaEngine(bytes, size));
  if (!engine_) throw device_.failure(kPlan, "TensorRT does not take the plan");
  context_.reset(engine_->createExecutionContext());
  if (!context_) throw device_.failure(kPlan, "TensorRT gives no execution context");
  for (int i = 0; i < engine_->getNbIOTensors(); ++i) {
    const char* name = engine_->getIOTensorName(i);
    const nvinfer1::Dims dims = engine_->getTensorShape(name);
    auto [type, total] = typeOf(engine_->getTensorDataType(name));
    for (int side = 0; side < dims.nbDims; ++side) {
      // a side that is open (-1) becomes a very long one here
      const size_t length = static_cast<size_t>(dims.d[side]);
      if (length == 0 || total > kLargestTensor / length) throw Failure(kPlan, std::string(name) + " has no size");
      total *= length;
    }
    const bool input = engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
    tensors.push_back({name, type, {dims.d, dims.d + dims.nbDims}, input, std::make_unique<Buffer>(device_, total)});
    if (!context_->setTensorAddress(name, reinterpret_cast<void*>(tensors.back().buffer->gpu))) {
      throw device_.failure(kPlan, std::string("TensorRT takes no memory for ") + name);
    }
  }
}

void Plan::run() {
  device_.enter();
  for (const auto& [name, type, shape, input, buffer] : tensors) {
    if (!input || device_.integrated) continue;
    device_.check(device_.cuMemcpyHtoDAsync_v2(buffer->gpu, buffer->host, buffer->bytes, stream_.get()), "copy to the GPU");
  }
  const bool begun = context_->enqueueV3(stream_.get());
  for (const auto& [name, type, shape, input, buffer] : tensors) {
    if (input || !begun || device_.integrated) continue;
    device_.check(device_.cuMemcpyDtoHAsync_v2(buffer->host, buffer->gpu, buffer->bytes, stream_.get()), "copy from the GPU");
  }
  // after a refusal too: what was begun may still use the memory
  device_.check(device_.cuStreamSynchronize(stream_.get()), "the run");
  if (!begun) throw device_.failure(kEngine, "TensorRT could not run the model");
}

}  // namespace goodpart
