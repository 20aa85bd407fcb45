// What Node sees: examine, build, progress, cancel, load, run, close. What is slow is a promise, worked off by libuv's threads; every
// failure is an Error with `code` and `broken`. Plans and builds are numbers: JavaScript never holds a pointer.
#include <napi.h>

#include <cstring>
#include <functional>
#include <map>
#include <variant>

#include "plan.h"

using namespace goodpart;

namespace {

/** A run holds its plan too: closing one waits for nobody, and one that is held twice is running. */
struct Environment {
  std::map<uint32_t, std::shared_ptr<Plan>> plans;
  std::map<uint32_t, std::shared_ptr<Progress>> builds;
  uint32_t next = 1;
};

Napi::Error errorOf(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.what());
  error.Set("code", failure.code);
  error.Set("broken", failure.broken);
  return error;
}

/** Makes on Node's thread what the promise gives. */
using Result = std::function<Napi::Value(Napi::Env)>;

/** Works on a thread of libuv's; its result is made, and it is freed, on Node's. */
struct Task : Napi::AsyncWorker {
  /** `kept`: bytes of JavaScript's that `work` reads. */
  static Napi::Value start(Napi::Env env, Napi::Object kept, std::function<Result()> work) {
    Task* task = new Task(env, std::move(work));
    if (!kept.IsEmpty()) task->kept = Napi::Persistent(kept);
    task->Queue();
    return task->deferred.Promise();
  }

  Task(Napi::Env env, std::function<Result()> slow) : AsyncWorker(env), deferred(env), work(std::move(slow)) {}

  void Execute() override {
    try {
      outcome = work();
    } catch (const Failure& failure) {
      outcome = failure;
    } catch (const std::exception& error) {
      outcome = Failure(kEngine, error.what());
    }
  }

  void OnOK() override {
    try {
      if (const Result* result = std::get_if<Result>(&outcome)) return deferred.Resolve((*result)(Env()));
      deferred.Reject(errorOf(Env(), std::get<Failure>(outcome)).Value());
    } catch (const Napi::Error&) {
      // Node is ending and takes no more values: nobody waits for this one
    }
  }

  Napi::Promise::Deferred deferred;
  Napi::ObjectReference kept;
  std::function<Result()> work;
  std::variant<Result, Failure> outcome;
};

Napi::Object objectOf(Napi::Env env, std::initializer_list<std::pair<const char*, Napi::Value>> fields) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : fields) object.Set(name, value);
  return object;
}

Napi::Array tensorsOf(Napi::Env env, const Plan& plan) {
  Napi::Array list = Napi::Array::New(env);
  for (const Tensor& tensor : plan.tensors) {
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
  return Task::start(info.Env(), {}, [] {
    return [&device = Device::get()](Napi::Env env) {
      return objectOf(env, {{"tensorrt", Napi::Number::New(env, device.tensorrt)},
                            {"headers", Napi::Number::New(env, NV_TENSORRT_VERSION)},
                            {"cuda", Napi::Number::New(env, device.cuda)},
                            {"gpu", Napi::String::New(env, device.gpu)},
                            {"memory", Napi::Number::New(env, static_cast<double>(device.memory))},
                            {"integrated", Napi::Boolean::New(env, device.integrated)}});
    };
  });
}

/** (onnx, half, workspace in bytes) → { id, plan: Promise<Buffer> }; nobody may write to `onnx` meanwhile. */
Napi::Value build(const Napi::CallbackInfo& info) {
  Environment* environment = info.Env().GetInstanceData<Environment>();
  const auto onnx = info[0].As<Napi::Uint8Array>();
  const uint32_t id = environment->next++;
  const auto progress = environment->builds[id] = std::make_shared<Progress>();
  // forgotten when the work is freed, whatever came of it
  const std::shared_ptr<void> known(nullptr, [environment, id](void*) { environment->builds.erase(id); });
  const auto work = [data = onnx.Data(), bytes = onnx.ByteLength(), half = info[1].As<Napi::Boolean>().Value(),
                     workspace = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value()), progress, known] {
    return [plan = buildPlan(data, bytes, half, workspace, *progress)](Napi::Env env) {
      return Napi::Buffer<char>::Copy(env, plan.data(), plan.size());
    };
  };
  return objectOf(info.Env(), {{"id", Napi::Number::New(info.Env(), id)}, {"plan", Task::start(info.Env(), onnx, work)}});
}

/** (build) → { phase, share 0..1 }; null once it has ended. */
Napi::Value progress(const Napi::CallbackInfo& info) {
  const auto& builds = info.Env().GetInstanceData<Environment>()->builds;
  const auto found = builds.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == builds.end()) return info.Env().Null();
  const auto [phase, share] = found->second->reached();
  return objectOf(info.Env(), {{"phase", Napi::String::New(info.Env(), phase)}, {"share", Napi::Number::New(info.Env(), share)}});
}

/** Calls every build off: each ends at its next step with GP_TENSORRT_BUILD. */
void cancel(const Napi::CallbackInfo& info) {
  for (auto& [id, progress] : info.Env().GetInstanceData<Environment>()->builds) progress->cancelled = true;
}

/** (plan) → { id, tensors } */
Napi::Value load(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  return Task::start(info.Env(), bytes, [data = bytes.Data(), size = bytes.ByteLength()] {
    return [plan = std::make_shared<Plan>(data, size)](Napi::Env env) {
      Environment* environment = env.GetInstanceData<Environment>();
      const uint32_t id = environment->next++;
      environment->plans[id] = plan;
      return objectOf(env, {{"id", Napi::Number::New(env, id)}, {"tensors", tensorsOf(env, *plan)}});
    };
  });
}

/** (plan, one typed array for each input) → one ArrayBuffer for each output. */
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto& plans = env.GetInstanceData<Environment>()->plans;
  const auto found = plans.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == plans.end()) throw errorOf(env, {kPlan, "The plan is not loaded"});
  if (found->second.use_count() > 1) throw errorOf(env, {"GP_CHILD_BUSY", "The plan is still running"});
  const std::shared_ptr<Plan> plan = found->second;
  const Napi::Array feeds = info[1].As<Napi::Array>();
  uint32_t next = 0;
  for (const auto& [name, type, shape, input, buffer] : plan->tensors) {
    if (!input) continue;
    const Napi::Value feed = feeds.Get(next++);
    const size_t received = feed.IsTypedArray() ? feed.As<Napi::TypedArray>().ByteLength() : 0;
    if (received != buffer->bytes) {
      const std::string expected = "Expected " + std::to_string(buffer->bytes) + " bytes for input " + name;
      throw errorOf(env, {"GP_INPUT_INVALID", expected + " but received " + std::to_string(received)});
    }
    const auto array = feed.As<Napi::TypedArray>();
    std::memcpy(buffer->host, static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset(), received);
  }
  return Task::start(env, {}, [plan] {
    plan->run();
    return [plan](Napi::Env to) {
      Napi::Array outputs = Napi::Array::New(to);
      for (const auto& [name, type, shape, input, buffer] : plan->tensors) {
        if (input) continue;
        Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(to, buffer->bytes);
        std::memcpy(copy.Data(), buffer->host, buffer->bytes);
        outputs.Set(outputs.Length(), copy);
      }
      return outputs;
    };
  });
}

/** (plan): freed at once, or after the run that is under way. */
void close(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<Environment>()->plans.erase(info[0].As<Napi::Number>().Uint32Value());
}

Napi::Object initialise(Napi::Env env, Napi::Object) {
  env.SetInstanceData(new Environment());
  return objectOf(env, {{"examine", Napi::Function::New<examine>(env)},
                        {"build", Napi::Function::New<build>(env)},
                        {"progress", Napi::Function::New<progress>(env)},
                        {"cancel", Napi::Function::New<cancel>(env)},
                        {"load", Napi::Function::New<load>(env)},
                        {"run", Napi::Function::New<run>(env)},
                        {"close", Napi::Function::New<close>(env)}});
}

}  // namespace

NODE_API_MODULE(goodpart_tensorrt, initialise)
