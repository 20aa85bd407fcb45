// From ONNX to a plan, and a plan ready to run. Nothing here knows Node; what blocks is called on a thread that may.
#pragma once
#include <algorithm>
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
  void phaseStart(const char* phase, const char* parent, int32_t steps) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!phases_.empty() && phases_.back().name != (parent ? parent : "")) phases_.pop_back();
    phases_.push_back({phase, 0, steps});
  }
  bool stepComplete(const char* phase, int32_t step) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Phase& known : phases_) known.done = known.name == phase ? step + 1 : known.done;
    return !cancelled;
  }
  void phaseFinish(const char* phase) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto named = [phase](const Phase& known) { return known.name == phase; };
    phases_.erase(std::find_if(phases_.begin(), phases_.end(), named), phases_.end());
  }
  /** The innermost phase's name, and the share 0..1 that is done. */
  std::pair<std::string, double> reached() {
    const std::lock_guard<std::mutex> lock(mutex_);
    double share = 0, one = 1;
    for (const Phase& phase : phases_) {
      one /= std::max(phase.steps, 1);
      share += one * std::min(phase.done, phase.steps);
    }
    // between the end of an inner phase and the step it was, less would be seen
    highest_ = std::max(highest_, share);
    return {phases_.empty() ? "" : phases_.back().name, highest_};
  }
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
  Buffer(Device& owner, size_t size) : device(owner), bytes(size) {
    constexpr unsigned kDeviceMap = 2;
    device.check(device.cuMemHostAlloc(&host, bytes, device.integrated ? kDeviceMap : 0), "cuMemHostAlloc");
    const int result = device.integrated ? device.cuMemHostGetDevicePointer_v2(&gpu, host, 0) : device.cuMemAlloc_v2(&gpu, bytes);
    if (result != 0) device.cuMemFreeHost(host);
    device.check(result, "memory for a tensor");
  }
  ~Buffer() {
    if (!device.integrated) device.cuMemFree_v2(gpu);
    device.cuMemFreeHost(host);
  }
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
  /** On whichever thread holds it last; where the context is lost, freeing fails and not the process. */
  ~Plan() { device_.cuCtxSetCurrent(device_.context); }
  /** From the inputs' pinned memory to the outputs'; blocks until all is there. Throws GP_ENGINE_FAILED, GP_TENSORRT_MEMORY. */
  void run();
  std::vector<Tensor> tensors;

 private:
  Device& device_;
  // in this order, so that each is destroyed before what it uses, and the tensors' memory after all
  std::unique_ptr<CUstream_st, int (*)(CUstream)> stream_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
};

}  // namespace goodpart
