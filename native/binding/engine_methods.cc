// What an engine does when asked: each method checks its arguments, queues the work and says how its result
// looks in JavaScript.
#include <utility>

#include "binding/answers.h"
#include "binding/arguments.h"
#include "binding/batch_arguments.h"
#include "binding/engine_object.h"
#include "binding/training_arguments.h"

namespace gp::binding {
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
  return enqueue_in_two(info.Env(), [this, batches = std::move(batches), rates]() -> Begun {
    const PendingStep pending = session_->train_step(batches, rates);
    return {[pending]() -> Answer {
              return [result = pending.result()](Napi::Env env) { return step_value(env, result); };
            },
            !pending.is_known()};
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

Napi::Value EngineObject::device_memory(const Napi::CallbackInfo& info) {
  return enqueue(info.Env(), [this]() -> Answer {
    return [bytes = session_->peak_device_bytes()](Napi::Env env) -> Napi::Value {
      auto object = Napi::Object::New(env);
      object["peakBytes"] = Napi::Number::New(env, static_cast<double>(bytes));
      return object;
    };
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
  // In two: what still waits for the device comes before the end.
  const Napi::Value promise = enqueue_in_two(env, [this]() -> Begun {
    const bool waits = session_->is_on_cuda();
    session_.reset();
    return {[this]() -> Answer {
              return [this](Napi::Env answer_env) {
                account_memory(answer_env, 0);
                stop_jobs();  // none can follow: the thread ends now, not when the object is collected
                return answer_env.Undefined();
              };
            },
            waits};
  });
  disposed_ = true;
  return promise;
}

}  // namespace gp::binding
