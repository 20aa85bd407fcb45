#include "device.h"

#include <dlfcn.h>

#include <cstring>
#include <mutex>
#include <vector>

namespace goodpart {
namespace {

constexpr int kOutOfMemory = 2;  // CUDA_ERROR_…
constexpr int kIntegrated = 18;   // CU_DEVICE_ATTRIBUTE_…
constexpr size_t kKeptLines = 6, kLongestLine = 300;

/** TensorRT wants one logger for the whole process, and calls it from any thread. */
struct Log : nvinfer1::ILogger {
  void log(Severity severity, const char* text) noexcept override {
    if (severity > Severity::kERROR || text == nullptr) return;
    try {
      const std::lock_guard<std::mutex> lock(mutex);
      if (lines.size() == kKeptLines) lines.erase(lines.begin());
      lines.push_back(std::string(text).substr(0, kLongestLine));
    } catch (...) {
      // no memory for the words: the failure itself is still told
    }
  }
  /** The last errors in one line, and forgets them. */
  std::string take() {
    const std::lock_guard<std::mutex> lock(mutex);
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
    lines.clear();
    return text;
  }
  std::mutex mutex;
  std::vector<std::string> lines;
};
Log& log = *new Log;  // outlives TensorRT's own threads

void* opened(const char* name, std::initializer_list<std::string> otherMajors = {}) {
  if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  const std::string text = dlerror();
  for (const std::string& other : otherMajors) {
    if (!dlopen(("libnvinfer.so." + other).c_str(), RTLD_LAZY | RTLD_LOCAL)) continue;
    throw Failure(kMissing, "Expected TensorRT 10 (JetPack 6.1 to 7.2) but found only TensorRT " + other);
  }
  throw Failure(kMissing, text);
}

template <typename Function>
void bind(Function& function, void* library, const char* name) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (!function) throw Failure(kMissing, std::string("A library of another kind: no ") + name);
}

}  // namespace

Device::Device() {
  void* driver = opened("libcuda.so.1");
#define GOODPART_BIND(name, ...) bind(name, driver, #name);
  GOODPART_DRIVER(GOODPART_BIND)
  void* infer = opened("libnvinfer.so.10", {"11", "8"});
  int32_t (*version)() = nullptr;
  bind(version, infer, "getInferLibVersion");
  tensorrt = version();
  if (tensorrt / 10000 != NV_TENSORRT_MAJOR) {
    throw Failure(kMissing, "Expected TensorRT 10 in libnvinfer.so.10 but it says " + std::to_string(tensorrt));
  }
  bind(createBuilder_, infer, "createInferBuilder_INTERNAL");
  bind(createRuntime_, infer, "createInferRuntime_INTERNAL");
  bind(createParser_, opened("libnvonnxparser.so.10"), "createNvOnnxParser_INTERNAL");
  int count = 0, id = 0;
  if (cuInit(0) != 0 || cuDeviceGetCount(&count) != 0 || count == 0) {
    throw Failure(kMissing, "libcuda.so.1 is here but finds no GPU that it can use");
  }
  check(cuDriverGetVersion(&cuda), "cuDriverGetVersion");
  check(cuDeviceGet(&id, 0), "cuDeviceGet");
  check(cuDeviceGetName(gpu, sizeof gpu - 1, id), "cuDeviceGetName");
  check(cuDeviceTotalMem_v2(&memory, id), "cuDeviceTotalMem");
  check(cuDeviceGetAttribute(&integrated, kIntegrated, id), "cuDeviceGetAttribute");
  check(cuDevicePrimaryCtxRetain(&context, id), "cuDevicePrimaryCtxRetain");
}

void Device::check(int result, const char* tried) {
  if (result == 0) return;
  const char* name = nullptr;
  if (cuGetErrorName(result, &name) != 0 || !name) name = "unknown error";
  const std::string text = std::string(tried) + ": " + name;
  if (result == kOutOfMemory) throw Failure(kMemory, "Not enough GPU memory: " + text);
  throw Failure(kEngine, "The GPU reports " + text, true);
}

Failure Device::failure(const char* code, const std::string& text) {
  const std::string logged = log.take();
  const bool memory = strcasestr(logged.c_str(), "out of memory") || strcasestr(logged.c_str(), "OutOfMemory");
  return Failure(memory ? kMemory : code, logged.empty() ? text : text + ": " + logged);
}

nvinfer1::ILogger* Device::logger() {
  log.take();
  return &log;
}

}  // namespace goodpart
