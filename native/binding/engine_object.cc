#include "binding/engine_object.h"

#include <utility>

#include "binding/arguments.h"
#include "binding/model_arguments.h"
#include "engine/error.h"

namespace gp::binding {

/** A job that has ended, on its way to the JavaScript thread. */
struct EngineObject::Settlement {
  Napi::Promise::Deferred deferred;
  Answer answer;    // empty when the job failed
  Failure failure;  // why
};

Napi::Function EngineObject::define(Napi::Env env) {
  auto engines = std::make_unique<std::shared_ptr<Engines>>(std::make_shared<Engines>());
  stop_at_exit(env, *engines);
  env.SetInstanceData(engines.release());  // the environment's from here on
  return DefineClass(env, "Engine",
                     {
                         InstanceMethod<&EngineObject::initialise>("initialise"),
                         InstanceMethod<&EngineObject::load_weights>("loadWeights"),
                         InstanceMethod<&EngineObject::save_weights>("saveWeights"),
                         InstanceMethod<&EngineObject::save_state_dict>("saveStateDict"),
                         InstanceMethod<&EngineObject::configure_optimizer>("configureOptimizer"),
                         InstanceMethod<&EngineObject::train_step>("trainStep"),
                         InstanceMethod<&EngineObject::save_optimizer>("saveOptimizer"),
                         InstanceMethod<&EngineObject::load_optimizer>("loadOptimizer"),
                         InstanceMethod<&EngineObject::loss>("loss"),
                         InstanceMethod<&EngineObject::predict>("predict"),
                         InstanceMethod<&EngineObject::scores>("scores"),
                         InstanceMethod<&EngineObject::hidden_states>("hiddenStates"),
                         InstanceMethod<&EngineObject::parameters>("parameters"),
                         InstanceMethod<&EngineObject::device_memory>("deviceMemory"),
                         InstanceMethod<&EngineObject::gradients>("gradients"),
                         InstanceMethod<&EngineObject::dispose>("dispose"),
                     });
}

// process.exit() runs no cleanup hooks but goes straight on to destroy LibTorch's statics, which no job may
// outlive.
void EngineObject::stop_at_exit(Napi::Env env, const std::shared_ptr<Engines>& engines) {
  const Napi::Value process = env.Global().Get("process");
  if (!process.IsObject()) return;
  const Napi::Value once = process.As<Napi::Object>().Get("once");
  if (!once.IsFunction()) return;
  const auto stop = [engines](const Napi::CallbackInfo&) {
    for (EngineObject* engine : *engines) engine->stop_jobs();
  };
  once.As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), Napi::Function::New(env, stop)});
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info) {
  Napi::Env env = info.Env();
  const Napi::Object object = object_argument(info, 0, "options");
  SessionOptions options;
  options.shape = shape_property(object, "shape");
  options.device = string_property(object, "device");
  options.precision = precision_property(object, "precision");
  options.threads = static_cast<int>(integer_property(object, "threads", 0, 1024));
  options.seed = static_cast<uint64_t>(integer_property(object, "seed", 0, (int64_t{1} << 53) - 1));
  shape_ = options.shape;
  session_ = std::make_unique<Session>(std::move(options));
  settler_ = Settler::New(env, "globalpointer engine", 0, 1, this);
  settler_.Unref(env);
  // Runs before Node tears the settler down, so that no job is left to call it.
  cleanup_hook_ = env.AddCleanupHook(+[](EngineObject* engine) { engine->shut_down(); }, this);
  queue_ = std::make_unique<JobQueue>();
  waiting_ = std::make_unique<JobQueue>();
  engines_ = *env.GetInstanceData<std::shared_ptr<Engines>>();
  engines_->insert(this);
}

EngineObject::~EngineObject() {
  engines_->erase(this);
  if (!shut_down_) {
    cleanup_hook_.Remove(Env());
    shut_down();
  }
}

void EngineObject::stop_jobs() {
  if (queue_) queue_->stop();
  if (waiting_) waiting_->stop();
}

void EngineObject::shut_down() {
  if (shut_down_) return;
  shut_down_ = true;
  stop_jobs();
  queue_.reset();
  waiting_.reset();
  session_.reset();
  if (settler_) settler_.Release();
}

void EngineObject::begin_job(Napi::Env env) {
  if (jobs_in_flight_++ > 0) return;
  Ref();
  settler_.Ref(env);
}

void EngineObject::end_job(Napi::Env env) {
  if (--jobs_in_flight_ > 0) return;
  settler_.Unref(env);
  Unref();
}

void EngineObject::account_memory(Napi::Env env, int64_t bytes) {
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - accounted_bytes_);
  accounted_bytes_ = bytes;
}

std::optional<Napi::Value> EngineObject::refusal(Napi::Env env,
                                                 const Napi::Promise::Deferred& deferred) const {
  if (!disposed_) return std::nullopt;
  auto error = Napi::Error::New(env, "The model was disposed; load it again to go on.");
  error.Set("code", Napi::String::New(env, "DISPOSED"));
  deferred.Reject(error.Value());
  return deferred.Promise();
}

void EngineObject::settle_with(const Napi::Promise::Deferred& deferred, const std::function<Answer()>& work) {
  // Owned by this thread until the JavaScript thread takes it over in settle().
  auto settlement = std::make_unique<Settlement>(Settlement{deferred, nullptr, {}});
  try {
    settlement->answer = work();
  } catch (...) {
    settlement->failure = describe_current_exception();
  }
  if (settler_.BlockingCall(settlement.get()) == napi_ok) settlement.release();
}

Napi::Value EngineObject::enqueue(Napi::Env env, std::function<Answer()> work) {
  auto deferred = Napi::Promise::Deferred::New(env);
  if (const auto refused = refusal(env, deferred)) return *refused;
  begin_job(env);
  queue_->submit([this, deferred, work = std::move(work)] { settle_with(deferred, work); });
  return deferred.Promise();
}

Napi::Value EngineObject::enqueue_in_two(Napi::Env env, std::function<Begun()> begin) {
  auto deferred = Napi::Promise::Deferred::New(env);
  if (const auto refused = refusal(env, deferred)) return *refused;
  begin_job(env);
  queue_->submit([this, deferred, begin = std::move(begin)] {
    Begun begun;
    try {
      begun = begin();
    } catch (...) {
      const auto failure = std::current_exception();
      begun = {[failure]() -> Answer { std::rethrow_exception(failure); }, false};
    }
    if (!begun.waits) return settle_with(deferred, begun.end);
    waiting_->submit([this, deferred, end = std::move(begun.end)] { settle_with(deferred, end); });
  });
  return deferred.Promise();
}

void EngineObject::settle(Napi::Env env, Napi::Function, EngineObject* engine, Settlement* raw) {
  const std::unique_ptr<Settlement> settlement(raw);
  if (env == nullptr) return;  // the environment is going down
  Napi::HandleScope scope(env);
  if (settlement->answer) {
    try {
      settlement->deferred.Resolve(settlement->answer(env));
    } catch (const Napi::Error& error) {  // a result too large for JavaScript, say
      settlement->deferred.Reject(error.Value());
    }
  } else {
    auto error = Napi::Error::New(env, settlement->failure.message);
    error.Set("code", Napi::String::New(env, settlement->failure.code));
    settlement->deferred.Reject(error.Value());
  }
  // Last: from here on the engine may be collected.
  engine->end_job(env);
}

}  // namespace gp::binding
