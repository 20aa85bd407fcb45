// What Node sees: examine, build, progress, cancel, load, run, close. What is slow is a promise, worked off by libuv's threads; every
// failure is an Error with `code` and `broken`. Plans and builds are numbers: JavaScript never holds a pointer.
#include <napi.h>

#include <cstring>
#include <functional>
#include <map>

#include "plan.h"

namespace {

using goodpart::Failure;
using goodpart::Plan;
using goodpart::Progress;

/** A plan with one run at a time. Who works with the plan holds it: closing it waits for nobody. */
struct Loaded {
  std::shared_ptr<Plan> plan;
  bool busy = false;
};

struct Environment {
  std::map<uint32_t, std::shared_ptr<Loaded>> plans;
  std::map<uint32_t, std::shared_ptr<Progress>> builds;
  uint32_t next = 1;
};

Environment& environmentOf(Napi::Env env) {
  return *env.GetInstanceData<Environment>();
}

Napi::Error errorOf(Napi::Env env, const char* code, const std::string& text, bool broken = false) {
  Napi::Error error = Napi::Error::New(env, text);
  error.Set("code", code);
  error.Set("broken", broken);
  return error;
}

using Work = std::function<void()>;
using Result = std::function<Napi::Value(Napi::Env)>;

/** `work` on a thread of libuv's, then `after` and `result` on Node's. `kept`: bytes of JavaScript's that `work` reads. */
class Task : public Napi::AsyncWorker {
 public:
  static Napi::Value start(Napi::Env env, Work work, Result result, Work after = [] {}, Napi::Object kept = {}) {
    Task* task = new Task(env, std::move(work), std::move(result), std::move(after));
    if (!kept.IsEmpty()) task->kept_ = Napi::Persistent(kept);
    task->Queue();
    return task->deferred_.Promise();
  }

 private:
  Task(Napi::Env env, Work work, Result result, Work after)
      : AsyncWorker(env), deferred_(env), work_(std::move(work)), result_(std::move(result)), after_(std::move(after)) {}

  void Execute() override {
    try {
      work_();
    } catch (const Failure& failure) {
      failure_ = std::make_unique<Failure>(failure);
    } catch (const std::exception& error) {
      failure_ = std::make_unique<Failure>(goodpart::kEngine, error.what());
    }
  }

  void OnOK() override {
    try {
      after_();
      if (!failure_) return deferred_.Resolve(result_(Env()));
      deferred_.Reject(errorOf(Env(), failure_->code, failure_->what(), failure_->broken).Value());
    } catch (const Napi::Error&) {
      // Node is ending and takes no more values: nobody waits for this one
    }
  }

  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference kept_;
  Work work_;
  Result result_;
  Work after_;
  std::unique_ptr<Failure> failure_;
};

uint32_t numberOf(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::Number>().Uint32Value();
}

Napi::Object objectOf(Napi::Env env, std::initializer_list<std::pair<const char*, Napi::Value>> fields) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : fields) object.Set(name, value);
  return object;
}

Napi::Array tensorsOf(Napi::Env env, const Plan& plan) {
  Napi::Array list = Napi::Array::New(env);
  for (const goodpart::Tensor& tensor : plan.tensors) {
    Napi::Array shape = Napi::Array::New(env);
    for (const int64_t side : tensor.shape) shape.Set(shape.Length(), static_cast<double>(side));
    list.Set(list.Length(), objectOf(env, {{"name", Napi::String::New(env, tensor.name)},
                                           {"type", Napi::String::New(env, tensor.type)},
                                           {"shape", shape},
                                           {"input", Napi::Boolean::New(env, tensor.input)}}));
  }
  return list;
}

/** () → { tensorrt, headers, cuda, gpu, memory, integrated } */
Napi::Value examine(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), [] { goodpart::Device::get(); }, [](Napi::Env env) {
    const goodpart::Device& device = goodpart::Device::get();
    const int headers = NV_TENSORRT_MAJOR * 10000 + NV_TENSORRT_MINOR * 100 + NV_TENSORRT_PATCH;
    return objectOf(env, {{"tensorrt", Napi::Number::New(env, device.tensorrt)},
                          {"headers", Napi::Number::New(env, headers)},
                          {"cuda", Napi::Number::New(env, device.cuda)},
                          {"gpu", Napi::String::New(env, device.gpu)},
                          {"memory", Napi::Number::New(env, static_cast<double>(device.memory))},
                          {"integrated", Napi::Boolean::New(env, device.integrated)}});
  });
}

/** (onnx, half, workspace in bytes) → { id, plan: Promise<Buffer> }; nobody may write to `onnx` meanwhile. */
Napi::Value build(const Napi::CallbackInfo& info) {
  Environment& environment = environmentOf(info.Env());
  const auto onnx = info[0].As<Napi::Uint8Array>();
  const auto progress = std::make_shared<Progress>();
  const auto plan = std::make_shared<std::vector<char>>();
  const uint32_t id = environment.next++;
  const Work work = [data = onnx.Data(), bytes = onnx.ByteLength(), half = info[1].As<Napi::Boolean>().Value(),
                     workspace = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value()), progress, plan] {
    *plan = goodpart::buildPlan(data, bytes, half, workspace, *progress);
  };
  const Result result = [plan](Napi::Env env) { return Napi::Buffer<char>::Copy(env, plan->data(), plan->size()); };
  environment.builds[id] = progress;
  const Napi::Value promise = Task::start(info.Env(), work, result, [&environment, id] { environment.builds.erase(id); }, onnx);
  return objectOf(info.Env(), {{"id", Napi::Number::New(info.Env(), id)}, {"plan", promise}});
}

/** (build) → { phase, share 0..1 }; null once it has ended. */
Napi::Value progress(const Napi::CallbackInfo& info) {
  const auto& builds = environmentOf(info.Env()).builds;
  const auto found = builds.find(numberOf(info));
  if (found == builds.end()) return info.Env().Null();
  const auto [phase, share] = found->second->reached();
  return objectOf(info.Env(), {{"phase", Napi::String::New(info.Env(), phase)}, {"share", Napi::Number::New(info.Env(), share)}});
}

/** Calls every build off: each ends at its next step with GP_TENSORRT_BUILD. */
void cancel(const Napi::CallbackInfo& info) {
  for (auto& [id, progress] : environmentOf(info.Env()).builds) progress->cancelled = true;
}

/** (plan) → { id, tensors } */
Napi::Value load(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto loaded = std::make_shared<Loaded>();
  const Work work = [data = bytes.Data(), size = bytes.ByteLength(), loaded] {
    loaded->plan = std::make_shared<Plan>(data, size);
  };
  const Result result = [loaded](Napi::Env env) {
    const uint32_t id = environmentOf(env).next++;
    environmentOf(env).plans[id] = loaded;
    return objectOf(env, {{"id", Napi::Number::New(env, id)}, {"tensors", tensorsOf(env, *loaded->plan)}});
  };
  return Task::start(info.Env(), work, result, [] {}, bytes);
}

/** (plan, one typed array for each input) → one ArrayBuffer for each output. */
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto& plans = environmentOf(env).plans;
  const auto found = plans.find(numberOf(info));
  if (found == plans.end()) throw errorOf(env, goodpart::kPlan, "The plan is not loaded");
  const std::shared_ptr<Loaded> loaded = found->second;
  if (loaded->busy) throw errorOf(env, "GP_CHILD_BUSY", "The plan is still running");
  const Napi::Array feeds = info[1].As<Napi::Array>();
  uint32_t next = 0;
  for (const auto& [name, type, shape, input, buffer] : loaded->plan->tensors) {
    if (!input) continue;
    const Napi::Value feed = feeds.Get(next++);
    const size_t received = feed.IsTypedArray() ? feed.As<Napi::TypedArray>().ByteLength() : 0;
    if (received != buffer->bytes) {
      const std::string expected = "Expected " + std::to_string(buffer->bytes) + " bytes for input " + name;
      throw errorOf(env, "GP_INPUT_INVALID", expected + " but received " + std::to_string(received));
    }
    const auto array = feed.As<Napi::TypedArray>();
    std::memcpy(buffer->host, static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset(), received);
  }
  loaded->busy = true;
  const Result result = [plan = loaded->plan](Napi::Env to) {
    Napi::Array outputs = Napi::Array::New(to);
    for (const auto& [name, type, shape, input, buffer] : plan->tensors) {
      if (input) continue;
      Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(to, buffer->bytes);
      std::memcpy(copy.Data(), buffer->host, buffer->bytes);
      outputs.Set(outputs.Length(), copy);
    }
    return outputs;
  };
  return Task::start(env, [plan = loaded->plan] { plan->run(); }, result, [loaded] { loaded->busy = false; });
}

/** (plan): freed at once, or after the run that is under way. */
void close(const Napi::CallbackInfo& info) {
  environmentOf(info.Env()).plans.erase(numberOf(info));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports.Set("examine", Napi::Function::New<examine>(env));
  exports.Set("build", Napi::Function::New<build>(env));
  exports.Set("progress", Napi::Function::New<progress>(env));
  exports.Set("cancel", Napi::Function::New<cancel>(env));
  exports.Set("load", Napi::Function::New<load>(env));
  exports.Set("run", Napi::Function::New<run>(env));
  exports.Set("close", Napi::Function::New<close>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(goodpart_tensorrt, initialise)
