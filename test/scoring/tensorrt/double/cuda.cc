// libcuda.so.1 of the double.
#include <unistd.h>

#include <mutex>
#include <set>

#include "double.h"

namespace twin {
Living& living() {
  static Living all;
  return all;
}
namespace {
constexpr int kOutOfMemory = 2, kIllegalAddress = 700, kInvalidContext = 201, kInvalidValue = 1;
int context;
thread_local void* current = nullptr;
std::mutex mutex;
std::set<void*> blocks;

int allocate(void** where, size_t bytes, const char* what) {
  if (current != &context) return kInvalidContext;
  if (failing(what)) return kOutOfMemory;
  const std::lock_guard<std::mutex> lock(mutex);
  *where = std::malloc(bytes);
  blocks.insert(*where);
  living().add(what, 1);
  return 0;
}

int release(void* block, const char* what) {
  if (current != &context) return kInvalidContext;
  const std::lock_guard<std::mutex> lock(mutex);
  if (blocks.erase(block) == 0) unexpected("freeing what is not allocated");
  std::free(block);
  living().add(what, -1);
  return 0;
}
}  // namespace
}  // namespace twin

using namespace twin;
using Pointer = unsigned long long;

extern "C" {
int cuInit(unsigned) { return failing("driver") ? 100 : 0; }
int cuDriverGetVersion(int* version) { return *version = 12060, 0; }
int cuDeviceGetCount(int* count) { return *count = failing("gpu") ? 0 : 1, 0; }
int cuDeviceGet(int* device, int) { return *device = 0, 0; }
int cuDeviceGetName(char* name, int bytes, int) { return std::snprintf(name, bytes, "Double"), 0; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = size_t{8} << 30, 0; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 18 ? static_cast<int>(number("GOODPART_DOUBLE_INTEGRATED", 0)) : attribute == 75 ? 8 : 7;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** held, int) { return *held = &context, 0; }
int cuCtxSetCurrent(void* wanted) { return current = wanted, wanted == &context ? 0 : kInvalidContext; }
int cuMemAlloc_v2(Pointer* where, size_t bytes) { return allocate(reinterpret_cast<void**>(where), bytes, "gpu-memory"); }
int cuMemFree_v2(Pointer block) { return release(reinterpret_cast<void*>(block), "gpu-memory"); }
int cuMemHostAlloc(void** where, size_t bytes, unsigned) { return allocate(where, bytes, "pinned-memory"); }
int cuMemFreeHost(void* block) { return release(block, "pinned-memory"); }
int cuMemHostGetDevicePointer_v2(Pointer* where, void* host, unsigned) {
  if (failing("map")) return kInvalidValue;
  return *where = reinterpret_cast<Pointer>(host), 0;
}
int cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t bytes, CUstream_st* stream) {
  stream->queue.push_back([=] { return std::memcpy(reinterpret_cast<void*>(to), from, bytes), 0; });
  return 0;
}
int cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t bytes, CUstream_st* stream) {
  stream->queue.push_back([=] { return std::memcpy(to, reinterpret_cast<void*>(from), bytes), 0; });
  return 0;
}
int cuStreamCreate(CUstream_st** stream, unsigned) {
  if (current != &context) return kInvalidContext;
  living().add("stream", 1);
  return *stream = new CUstream_st, 0;
}
int cuStreamSynchronize(CUstream_st* stream) {
  if (failing("crash")) std::abort();
  usleep(static_cast<useconds_t>(number("GOODPART_DOUBLE_RUN_MS", 0) * 1000));
  std::vector<std::function<int()>> queue;
  queue.swap(stream->queue);
  for (const auto& step : queue) {
    if (const int result = step()) return result;
  }
  return failing("run") ? kIllegalAddress : 0;
}
int cuStreamDestroy_v2(CUstream_st* stream) {
  living().add("stream", -1);
  return delete stream, 0;
}
int cuGetErrorName(int result, const char** name) {
  *name = result == kOutOfMemory      ? "CUDA_ERROR_OUT_OF_MEMORY"
          : result == kIllegalAddress ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                      : "CUDA_ERROR_OTHER";
  return 0;
}
}
