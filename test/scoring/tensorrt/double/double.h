// The double of libcuda, libnvinfer and libnvonnxparser: what the three share. It computes what the graph says (the few operators of the
// tests' models), on "GPU memory" that is the host's and only at synchronisation, as a GPU does; what is not written here ends the process.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

/** A stream: what is queued runs when it is synchronised. */
struct CUstream_st {
  std::vector<std::function<int()>> queue;
};

namespace twin {

/** Faults that a test asks for, comma separated in GOODPART_DOUBLE_FAIL, or in the file GOODPART_DOUBLE_FAIL_FILE while it runs. */
inline bool failing(const char* fault) {
  std::string list;
  if (const char* given = std::getenv("GOODPART_DOUBLE_FAIL")) list += given;
  if (const char* path = std::getenv("GOODPART_DOUBLE_FAIL_FILE")) {
    std::ifstream file(path);
    std::string line;
    if (std::getline(file, line)) list += "," + line;
  }
  return ("," + list + ",").find("," + std::string(fault) + ",") != std::string::npos;
}

inline double number(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atof(text) : otherwise;
}

/** Counts what lives; each library appends `what count` to GOODPART_DOUBLE_REPORT when the process ends. */
struct Living {
  /** From any thread. */
  void add(const char* what, long count) {
    const std::lock_guard<std::mutex> lock(mutex);
    counts[what] += count;
  }
  std::mutex mutex;
  std::map<std::string, long> counts;
  ~Living() {
    const char* path = std::getenv("GOODPART_DOUBLE_REPORT");
    FILE* file = path ? std::fopen(path, "a") : nullptr;
    if (!file) return;
    for (const auto& [what, count] : counts) std::fprintf(file, "%s %ld\n", what.c_str(), count);
    std::fclose(file);
  }
};
Living& living();

struct Counted {
  explicit Counted(const char* name) : name_(name) { living().add(name_, 1); }
  ~Counted() { living().add(name_, -1); }
  Counted(const Counted&) = delete;

 private:
  const char* name_;
};

[[noreturn]] inline void unexpected(const char* function) {
  std::fprintf(stderr, "double: %s is called but not doubled\n", function);
  std::abort();
}

}  // namespace twin
