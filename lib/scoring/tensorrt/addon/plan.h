// From ONNX to a plan, and a plan ready to run. Nothing here knows Node; what blocks is called on a thread that may.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "device.h"

namespace goodpart {

/** What a build has reached; written by TensorRT's threads, read by Node's. */
class Progress : public nvinfer1::IProgressMonitor {
 public:
  void phaseStart(const char* phase, const char* parent, int32_t steps) noexcept override;
  bool stepComplete(const char* phase, int32_t step) noexcept override;
  void phaseFinish(const char* phase) noexcept override;
  /** The innermost phase's name, and the share 0..1 that is done. */
  std::pair<std::string, double> reached();
  std::atomic<bool> cancelled{false};

 private:
  struct Phase {
    std::string name;
    int32_t done, steps;
  };
  std::mutex mutex_;
  std::vector<Phase> phases_;
  double highest_ = 0;
};

/** Seconds to minutes; `workspace` in bytes. Throws GP_TENSORRT_BUILD, GP_TENSORRT_MEMORY, GP_TENSORRT_MISSING. */
std::vector<char> buildPlan(const void* onnx, size_t bytes, bool half, size_t workspace, Progress&);

/** Pinned memory of the host and where the GPU finds it: the same where they share it, else memory of its own. */
struct Buffer {
  Buffer(Device& device, size_t size);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Device& device;
  const size_t bytes;
  void* host = nullptr;
  CUdeviceptr gpu = 0;
};

struct Tensor {
  std::string name;
  /** ONNX Runtime's word: `float32`, `uint8`, … */
  std::string type;
  std::vector<int64_t> shape;
  bool input;
  std::unique_ptr<Buffer> buffer;
};

class Plan {
 public:
  /** Throws GP_TENSORRT_PLAN for bytes that this TensorRT or GPU does not take, GP_TENSORRT_MEMORY, GP_TENSORRT_MISSING. */
  Plan(const void* bytes, size_t size);
  ~Plan();
  Plan(const Plan&) = delete;
  /** From the inputs' pinned memory to the outputs'; blocks until all is there. Throws GP_ENGINE_FAILED, GP_TENSORRT_MEMORY. */
  void run();
  std::vector<Tensor> tensors;

 private:
  void setUp(const void* bytes, size_t size);
  Device& device_;
  CUstream stream_ = nullptr;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
};

}  // namespace goodpart
