// The addon's whole life without Node, for valgrind and AddressSanitizer: build, load, run, errors, out of memory, called off, and an
// end in mid-run. `life MODEL`; prints one line for each step, ends with 0.
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "plan.h"

using namespace goodpart;

namespace {

int failures = 0;

void expect(bool fulfilled, const std::string& what) {
  std::cout << (fulfilled ? "ok " : "NOT ") << what << std::endl;
  failures += fulfilled ? 0 : 1;
}

template <typename Work>
void fails(const char* code, const char* fault, Work work) {
  setenv("GOODPART_DOUBLE_FAIL", fault, 1);
  std::string got = "no failure";
  try {
    work();
  } catch (const Failure& failure) {
    got = failure.code;
    std::cout << "   " << failure.what() << std::endl;
  }
  unsetenv("GOODPART_DOUBLE_FAIL");
  expect(got == code, std::string(fault) + ": " + got);
}

}  // namespace

int main(int, char** arguments) {
  fails(kMissing, "gpu", [] { Device::get(); });
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string onnx((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto built = [&](size_t workspace = 1 << 20) {
    Progress progress;
    return buildPlan(onnx.data(), onnx.size(), true, workspace, progress);
  };
  const std::vector<char> bytes = built();
  expect(!bytes.empty(), "a plan is built");
  for (const char* fault : {"build", "build-memory"}) {
    fails(std::string(fault) == "build" ? kBuild : kMemory, fault, [&] { built(); });
  }
  fails(kBuild, "workspace", [&] { built(10); });
  fails(kBuild, "damaged ONNX", [&] {
    Progress progress;
    buildPlan(onnx.data(), onnx.size() / 2, true, 1 << 20, progress);
  });
  fails(kBuild, "called off", [&] {
    Progress progress;
    progress.cancelled = true;
    buildPlan(onnx.data(), onnx.size(), true, 1 << 20, progress);
  });

  const auto load = [&] { return std::make_shared<Plan>(bytes.data(), bytes.size()); };
  for (const char* fault : {"context", "gpu-memory", "pinned-memory"}) fails(kMemory, fault, load);
  fails(kPlan, "damaged plan", [&] { Plan(bytes.data() + 1, bytes.size() - 1); });
  auto plan = load();
  for (Tensor& tensor : plan->tensors) {
    if (tensor.input) std::fill_n(static_cast<unsigned char*>(tensor.buffer->host), tensor.buffer->bytes, 42);
  }
  plan->run();
  expect(*static_cast<float*>(plan->tensors.back().buffer->host) == 42, "it computes what the graph says");
  fails(kEngine, "enqueue", [&] { plan->run(); });
  fails(kEngine, "run", [&] { plan->run(); });
  plan->run();
  expect(true, "it runs again after a failure");

  // as the addon does: the run holds the plan, and whoever closes it waits for nobody
  setenv("GOODPART_DOUBLE_RUN_MS", "300", 1);
  std::thread running([held = plan] { held->run(); });
  plan.reset();
  running.join();
  expect(true, "closed in mid-run");
  return failures;
}
