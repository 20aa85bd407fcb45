// The three libraries, opened when they are first asked for, and the one GPU of this process. Nothing is linked: on a machine without
// them the addon loads and says GP_TENSORRT_MISSING. cuda.h is not needed: these functions have had these types since CUDA 4.
#pragma once
#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <stdexcept>
#include <string>

#if NV_TENSORRT_MAJOR != 10
#error "Goodpart's addon is made for TensorRT 10 (JetPack 6.1 to 7.2): these headers are of another one"
#endif

namespace goodpart {

/** What goes wrong, by the codes of lib/core/errors.ts. Nothing else leaves the addon. */
struct Failure : std::runtime_error {
  /** `contextLost`: every later use of the GPU fails too, and only a new process gets another context. */
  Failure(const char* ofCatalogue, const std::string& message, bool contextLost = false)
      : std::runtime_error(message), code(ofCatalogue), broken(contextLost) {}
  const char* code;
  bool broken;
};

inline constexpr const char *kMissing = "GP_TENSORRT_MISSING", *kBuild = "GP_TENSORRT_BUILD", *kPlan = "GP_TENSORRT_PLAN",
                            *kMemory = "GP_TENSORRT_MEMORY", *kEngine = "GP_ENGINE_FAILED";

using CUstream = struct CUstream_st*;
using CUdeviceptr = unsigned long long;

/** What is used of the driver: name, arguments; all return 0 or an error. */
#define GOODPART_DRIVER(_)                                            \
  _(cuInit, unsigned)                                                 \
  _(cuDriverGetVersion, int*)                                         \
  _(cuDeviceGetCount, int*)                                           \
  _(cuDeviceGet, int*, int)                                           \
  _(cuDeviceGetName, char*, int, int)                                 \
  _(cuDeviceTotalMem_v2, size_t*, int)                                \
  _(cuDeviceGetAttribute, int*, int, int)                             \
  _(cuDevicePrimaryCtxRetain, void**, int)                            \
  _(cuCtxSetCurrent, void*)                                           \
  _(cuMemAlloc_v2, CUdeviceptr*, size_t)                              \
  _(cuMemFree_v2, CUdeviceptr)                                        \
  _(cuMemHostAlloc, void**, size_t, unsigned)                         \
  _(cuMemFreeHost, void*)                                             \
  _(cuMemHostGetDevicePointer_v2, CUdeviceptr*, void*, unsigned)      \
  _(cuMemcpyHtoDAsync_v2, CUdeviceptr, const void*, size_t, CUstream) \
  _(cuMemcpyDtoHAsync_v2, void*, CUdeviceptr, size_t, CUstream)       \
  _(cuStreamCreate, CUstream*, unsigned)                              \
  _(cuStreamSynchronize, CUstream)                                    \
  _(cuStreamDestroy_v2, CUstream)                                     \
  _(cuGetErrorName, int, const char**)

/** Libraries and GPU 0. Opened once and never closed: TensorRT keeps state of its own until the process ends. */
class Device {
 public:
  /** Throws GP_TENSORRT_MISSING; the next call tries again. */
  static Device& get() {
    static Device& device = *new Device();
    return device;
  }
  /** Makes the GPU's context the calling thread's; before anything that touches the GPU. */
  void enter() { check(cuCtxSetCurrent(context), "cuCtxSetCurrent"); }
  /** Throws GP_TENSORRT_MEMORY or GP_ENGINE_FAILED, with what was tried and CUDA's word. */
  void check(int result, const char* tried);
  /** A failure of TensorRT's with what it logged; GP_TENSORRT_MEMORY instead of `code` where it logged that. */
  Failure failure(const char* code, const std::string& text);
  nvinfer1::IBuilder* builder() { return static_cast<nvinfer1::IBuilder*>(createBuilder_(logger(), NV_TENSORRT_VERSION)); }
  nvinfer1::IRuntime* runtime() { return static_cast<nvinfer1::IRuntime*>(createRuntime_(logger(), NV_TENSORRT_VERSION)); }
  nvonnxparser::IParser* parser(nvinfer1::INetworkDefinition& network) {
    return static_cast<nvonnxparser::IParser*>(createParser_(&network, logger(), NV_ONNX_PARSER_VERSION));
  }

#define GOODPART_FUNCTION(name, ...) int (*name)(__VA_ARGS__) = nullptr;
  GOODPART_DRIVER(GOODPART_FUNCTION)
  void* context = nullptr;
  char gpu[256] = "";
  int tensorrt = 0, cuda = 0;
  size_t memory = 0;
  /** 1 where CPU and GPU share their memory (every Jetson): nothing need be copied. */
  int integrated = 0;

 private:
  Device();
  /** TensorRT's one logger; what it said before is forgotten. */
  static nvinfer1::ILogger* logger();
  void* (*createBuilder_)(void*, int32_t) = nullptr;
  void* (*createRuntime_)(void*, int32_t) = nullptr;
  void* (*createParser_)(void*, void*, int) = nullptr;
};

}  // namespace goodpart
