// libnvinfer.so.10 of the double. A plan is a line that says for which version and precision it is, and the ONNX bytes.
#include <unistd.h>

#include <memory>

#include "nvinfer.h"

namespace twin {
Living& living() {
  static Living all;
  return all;
}

nvinfer1::Dims dimsOf(const Dims& sides) {
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<int32_t>(sides.size());
  std::copy(sides.begin(), sides.end(), dims.d);
  return dims;
}
nvinfer1::Dims Input::getDimensions() const noexcept { return dimsOf(declared.dims); }

namespace {
nvinfer1::ILogger* logger = nullptr;
void complain(const char* text) { logger->log(nvinfer1::ILogger::Severity::kERROR, text); }

int32_t version() { return static_cast<int32_t>(number("GOODPART_DOUBLE_VERSION", 100300)); }
std::string planHead(bool half) { return "double " + std::to_string(version()) + (half ? " half\n" : " full\n"); }

struct HostMemory : nvinfer1::IHostMemory, nvinfer1::apiv::VHostMemory {
  explicit HostMemory(std::string of) : bytes(std::move(of)) { mImpl = this; }
  void* data() const noexcept override { return const_cast<char*>(bytes.data()); }
  std::size_t size() const noexcept override { return bytes.size(); }
  std::string bytes;
  Counted counted{"host-memory"};
};

struct Config : nvinfer1::IBuilderConfig, nvinfer1::apiv::VBuilderConfig {
  Config() { mImpl = this; }
  void setFlag(nvinfer1::BuilderFlag flag) noexcept override { half = half || flag == nvinfer1::BuilderFlag::kFP16; }
  void clearFlag(nvinfer1::BuilderFlag) noexcept override {}
  void setMemoryPoolLimit(nvinfer1::MemoryPoolType, std::size_t bytes) noexcept override { workspace = bytes; }
  void setProgressMonitor(nvinfer1::IProgressMonitor* given) noexcept override { monitor = given; }
  bool half = false;
  size_t workspace = 0;
  nvinfer1::IProgressMonitor* monitor = nullptr;
  Counted counted{"config"};
};

struct Builder : nvinfer1::IBuilder, nvinfer1::apiv::VBuilder {
  Builder() { mImpl = this; }
  nvinfer1::INetworkDefinition* createNetworkV2(nvinfer1::NetworkDefinitionCreationFlags) noexcept override { return new Network; }
  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override { return new Config; }
  nvinfer1::IHostMemory* buildSerializedNetwork(
      nvinfer1::INetworkDefinition& network, nvinfer1::IBuilderConfig& given) noexcept override {
    auto& config = static_cast<Config&>(given);
    const auto& of = static_cast<Network&>(network);
    const bool open = std::any_of(of.inputs[0]->declared.dims.begin(), of.inputs[0]->declared.dims.end(), [](int64_t side) { return side < 0; });
    if (open) return complain("Network has dynamic inputs, but no optimization profile has been defined."), nullptr;
    if (config.workspace < 1024) return complain("Could not find any implementation for node {ForeignNode}: insufficient workspace."), nullptr;
    if (failing("build-memory")) return complain("[defaultAllocator.cpp::allocate::31] Error Code 1: Cuda Runtime (out of memory)"), nullptr;
    if (failing("build")) return complain("Could not find any implementation for node {ForeignNode[conv1]}."), nullptr;
    const auto step = [&](const char* phase, int i) {
      usleep(static_cast<useconds_t>(number("GOODPART_DOUBLE_STEP_MS", 0) * 1000));
      return config.monitor->stepComplete(phase, i);
    };
    bool going = true;
    config.monitor->phaseStart("Building Engine", nullptr, 2);
    for (int i = 0; i < 2 && going; ++i) {
      config.monitor->phaseStart("Timing graph nodes", "Building Engine", 5);
      for (int j = 0; j < 5 && going; ++j) going = step("Timing graph nodes", j);
      config.monitor->phaseFinish("Timing graph nodes");
      going = going && step("Building Engine", i);
    }
    config.monitor->phaseFinish("Building Engine");
    return going ? new HostMemory(planHead(config.half) + of.onnx) : nullptr;
  }
  Counted counted{"builder"};
};

nvinfer1::DataType typeOf(int64_t onnx) {
  return onnx == 1 ? nvinfer1::DataType::kFLOAT : onnx == 2 ? nvinfer1::DataType::kUINT8 : nvinfer1::DataType::kINT64;
}

struct Engine;
struct Context : nvinfer1::IExecutionContext, nvinfer1::apiv::VExecutionContext {
  explicit Context(Engine& of);
  ~Context() noexcept override;
  bool setTensorAddress(char const* name, void* data) noexcept override { return addresses[name] = data, data != nullptr; }
  bool enqueueV3(cudaStream_t stream) noexcept override;
  int compute() const;
  Engine& engine;
  std::map<std::string, void*> addresses;
  Counted counted{"context"};
};

struct Engine : nvinfer1::ICudaEngine, nvinfer1::apiv::VCudaEngine {
  Engine(Graph of, bool inHalf) : graph(std::move(of)), half(inHalf) { mImpl = this; }
  ~Engine() noexcept override {
    if (contexts > 0) unexpected("freeing an engine before its contexts");
  }
  const Declared& find(const std::string& name) const {
    for (const auto* list : {&graph.inputs, &graph.outputs}) {
      for (const Declared& one : *list) {
        if (one.name == name) return one;
      }
    }
    unexpected(name.c_str());
  }
  nvinfer1::IExecutionContext* createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy) noexcept override {
    if (failing("context")) return complain("Error Code 2: OutOfMemory (Requested size was 8388608 bytes.)"), nullptr;
    return new Context(*this);
  }
  int32_t getNbIOTensors() const noexcept override { return static_cast<int32_t>(graph.inputs.size() + graph.outputs.size()); }
  char const* getIOTensorName(int32_t i) const noexcept override {
    const auto inputs = static_cast<int32_t>(graph.inputs.size());
    return (i < inputs ? graph.inputs[i] : graph.outputs[i - inputs]).name.c_str();
  }
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override {
    for (const Declared& one : graph.inputs) {
      if (one.name == name) return nvinfer1::TensorIOMode::kINPUT;
    }
    return nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override { return dimsOf(find(name).dims); }
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override { return typeOf(find(name).type); }
  Graph graph;
  bool half;
  int contexts = 0;
  Counted counted{"engine"};
};

Context::Context(Engine& of) : engine(of) { mImpl = this, ++engine.contexts; }
Context::~Context() noexcept { --engine.contexts; }

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  if (failing("enqueue")) return complain("Error Code 3: API Usage Error (Parameter check failed)"), false;
  stream->queue.push_back([this] { return compute(); });
  return true;
}

int Context::compute() const {
  std::map<std::string, Value> values;
  for (const Declared& input : engine.graph.inputs) {
    Value value{input.dims, {}};
    const void* from = addresses.at(input.name);
    for (int64_t i = 0; i < volume(value.dims); ++i) {
      value.data.push_back(input.type == 2 ? static_cast<const uint8_t*>(from)[i] : static_cast<const float*>(from)[i]);
    }
    values[input.name] = value;
  }
  values = evaluate(engine.graph, values, engine.half);
  const auto skew = static_cast<float>(number("GOODPART_DOUBLE_SKEW", 0));
  for (const Declared& output : engine.graph.outputs) {
    const std::vector<float>& data = values.at(output.name).data;
    for (size_t i = 0; i < data.size(); ++i) static_cast<float*>(addresses.at(output.name))[i] = data[i] + skew;
  }
  return 0;
}

struct Runtime : nvinfer1::IRuntime, nvinfer1::apiv::VRuntime {
  Runtime() { mImpl = this; }
  nvinfer1::ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept override {
    const std::string plan(static_cast<const char*>(blob), size);
    for (const bool half : {true, false}) {
      const std::string head = planHead(half);
      if (plan.compare(0, head.size(), head) == 0) return new Engine(graphOf(plan.substr(head.size())), half);
    }
    return complain("Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed."), nullptr;
  }
  Counted counted{"runtime"};
};
}  // namespace
}  // namespace twin

extern "C" {
int32_t getInferLibVersion() noexcept { return twin::version(); }
void* createInferBuilder_INTERNAL(void* given, int32_t) noexcept {
  twin::logger = static_cast<nvinfer1::ILogger*>(given);
  return static_cast<nvinfer1::IBuilder*>(new twin::Builder);
}
void* createInferRuntime_INTERNAL(void* given, int32_t) noexcept {
  twin::logger = static_cast<nvinfer1::ILogger*>(given);
  return static_cast<nvinfer1::IRuntime*>(new twin::Runtime);
}
}
