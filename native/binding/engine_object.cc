#include "binding/engine_object.h"

#include <utility>

#include "binding/answers.h"
#include "binding/arguments.h"
#include "binding/training_arguments.h"
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
  options.threads = static_cast<int>(integer_property(object, "threads", 0, 1024));
  options.seed = static_cast<uint64_t>(integer_property(object, "seed", 0, (int64_t{1} << 53) - 1));
  shape_ = options.shape;
  session_ = std::make_unique<Session>(std::move(options));
  settler_ = Settler::New(env, "globalpointer engine", 0, 1, this);
  settler_.Unref(env);
  // Runs before Node tears the settler down, so that no job is left to call it.
  cleanup_hook_ = env.AddCleanupHook(+[](EngineObject* engine) { engine->shut_down(); }, this);
  queue_ = std::make_unique<JobQueue>();
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
}

void EngineObject::shut_down() {
  if (shut_down_) return;
  shut_down_ = true;
  stop_jobs();
  queue_.reset();
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

Napi::Value EngineObject::enqueue(Napi::Env env, std::function<Answer()> work) {
  auto deferred = Napi::Promise::Deferred::New(env);
  const Napi::Promise promise = deferred.Promise();
  if (disposed_) {
    auto error = Napi::Error::New(env, "The model was disposed; load it again to go on.");
    error.Set("code", Napi::String::New(env, "DISPOSED"));
    deferred.Reject(error.Value());
    return promise;
  }
  begin_job(env);
  // The settlement is owned by the queue until the JavaScript thread takes it over in settle().
  queue_->submit([this, deferred, work = std::move(work)] {
    auto settlement = std::make_unique<Settlement>(Settlement{deferred, nullptr, {}});
    try {
      settlement->answer = work();
    } catch (...) {
      settlement->failure = describe_current_exception();
    }
    if (settler_.BlockingCall(settlement.get()) == napi_ok) settlement.release();
  });
  return promise;
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

namespace {

Answer undefined_answer() {
  return [](Napi::Env env) { return env.Undefined(); };
}

}  // namespace

Napi::Value EngineObject::initialise(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this]() -> Answer {
    session_->initialise();
    return [this, device = session_->device_name(), count = session_->parameter_count(),
            head_count = session_->head_parameter_count(),
            bytes = session_->parameter_bytes()](Napi::Env env) -> Napi::Value {
      account_memory(env, bytes);
      auto object = Napi::Object::New(env);
      object["device"] = Napi::String::New(env, device);
      object["parameters"] = Napi::Number::New(env, static_cast<double>(count));
      object["headParameters"] = Napi::Number::New(env, static_cast<double>(head_count));
      return object;
    };
  });
}

Napi::Value EngineObject::load_weights(const Napi::CallbackInfo& info) {
  const std::string path = string_argument(info, 0, "path");
  const std::string scope = string_argument(info, 1, "scope");
  if (scope != "model" && scope != "encoder")
    throw Napi::RangeError::New(info.Env(), "scope must be model or encoder.");
  return enqueue(info.Env(), [this, path, scope]() -> Answer {
    const LoadReport report =
        session_->load_weights(path, scope == "model" ? LoadScope::kModel : LoadScope::kEncoder);
    return [report](Napi::Env env) { return report_value(env, report); };
  });
}

Napi::Value EngineObject::save_weights(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this, path = string_argument(info, 0, "path")] {
    session_->save_weights(path);
    return undefined_answer();
  });
}

Napi::Value EngineObject::save_state_dict(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this, path = string_argument(info, 0, "path")] {
    session_->save_state_dict(path);
    return undefined_answer();
  });
}

Napi::Value EngineObject::configure_optimizer(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this, options = training_options_arguments(info, shape_)] {
    session_->configure_training(options);
    return undefined_answer();
  });
}

Napi::Value EngineObject::train_step(const Napi::CallbackInfo& info) {
  std::vector<LabelledBatch> batches = labelled_batches_argument(info, 0, shape_);
  const LearningRates rates = learning_rates_argument(info, 1);
  return enqueue(info.Env(), [this, batches = std::move(batches), rates]() -> Answer {
    const StepResult result = session_->train_step(batches, rates);
    return [result](Napi::Env env) { return step_value(env, result); };
  });
}

Napi::Value EngineObject::save_optimizer(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this, path = string_argument(info, 0, "path")] {
    session_->save_optimizer(path);
    return undefined_answer();
  });
}

Napi::Value EngineObject::load_optimizer(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this, path = string_argument(info, 0, "path")] {
    session_->load_optimizer(path);
    return undefined_answer();
  });
}

Napi::Value EngineObject::loss(const Napi::CallbackInfo& info) {
  Batch batch = batch_argument(info, 0, shape_);
  GoldSpans gold = gold_argument(info, 1, batch, shape_);
  return enqueue(info.Env(), [this, batch = std::move(batch), gold = std::move(gold)]() -> Answer {
    const double loss = session_->loss(batch, gold);
    return [loss](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, loss); };
  });
}

Napi::Value EngineObject::predict(const Napi::CallbackInfo& info) {
  Batch batch = batch_argument(info, 0, shape_);
  std::vector<float> thresholds = thresholds_argument(info, 1, shape_);
  return enqueue(info.Env(),
                 [this, batch = std::move(batch), thresholds = std::move(thresholds)]() -> Answer {
                   std::vector<SpanHit> hits = session_->predict(batch, thresholds);
                   return [hits = std::move(hits)](Napi::Env env) { return hits_value(env, hits); };
                 });
}

Napi::Value EngineObject::scores(const Napi::CallbackInfo& info) {
  Batch batch = batch_argument(info, 0, shape_);
  return enqueue(info.Env(), [this, batch = std::move(batch)]() -> Answer {
    std::vector<at::Tensor> scores = session_->scores(batch);
    return [scores = std::move(scores)](Napi::Env env) -> Napi::Value {
      auto array = Napi::Array::New(env, scores.size());
      for (uint32_t b = 0; b < scores.size(); ++b) array[b] = tensor_value(env, scores[b]);
      return array;
    };
  });
}

Napi::Value EngineObject::hidden_states(const Napi::CallbackInfo& info) {
  Batch batch = batch_argument(info, 0, shape_);
  return enqueue(info.Env(), [this, batch = std::move(batch)]() -> Answer {
    const at::Tensor hidden = session_->hidden_states(batch);
    return [hidden](Napi::Env env) { return tensor_value(env, hidden); };
  });
}

Napi::Value EngineObject::parameters(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this]() -> Answer {
    auto parameters = session_->parameters();
    return
        [parameters = std::move(parameters)](Napi::Env env) { return named_tensors_value(env, parameters); };
  });
}

Napi::Value EngineObject::gradients(const Napi::CallbackInfo& info) {
  Batch batch = batch_argument(info, 0, shape_);
  GoldSpans gold = gold_argument(info, 1, batch, shape_);
  return enqueue(info.Env(), [this, batch = std::move(batch), gold = std::move(gold)]() -> Answer {
    auto result = session_->gradients(batch, gold);
    return [result = std::move(result)](Napi::Env env) -> Napi::Value {
      auto object = Napi::Object::New(env);
      object["loss"] = Napi::Number::New(env, result.first);
      object["gradients"] = named_tensors_value(env, result.second);
      return object;
    };
  });
}

Napi::Value EngineObject::dispose(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (disposed_) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Resolve(env.Undefined());
    return deferred.Promise();
  }
  const Napi::Value promise = enqueue(env, [this]() -> Answer {
    session_.reset();
    return [this](Napi::Env answer_env) {
      account_memory(answer_env, 0);
      stop_jobs();  // none can follow: the thread ends now, not when the object is collected
      return answer_env.Undefined();
    };
  });
  disposed_ = true;
  return promise;
}

}  // namespace gp::binding
