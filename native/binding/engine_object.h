#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "engine/job_queue.h"
#include "engine/session.h"

namespace gp::binding {

/** Makes the JavaScript value of a finished job, on the JavaScript thread. */
using Answer = std::function<Napi::Value(Napi::Env)>;

/**
 * The JavaScript face of one session: checks arguments, queues jobs on the session's thread, settles
 * promises. An engine in use keeps the process alive and itself from being collected; an idle one does
 * neither.
 */
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;

 private:
  /** The engines of one environment. */
  using Engines = std::set<EngineObject*>;
  static void stop_at_exit(Napi::Env env, const std::shared_ptr<Engines>& engines);

  struct Settlement;
  static void settle(Napi::Env env, Napi::Function unused, EngineObject* engine, Settlement* settlement);
  using Settler = Napi::TypedThreadSafeFunction<EngineObject, Settlement, EngineObject::settle>;

  /** Queues `work` on the engine's thread; the promise resolves to what the answer it returns makes. */
  Napi::Value enqueue(Napi::Env env, std::function<Answer()> work);
  /** Work that was begun: `end` finishes it, which waits for a device or does not. */
  struct Begun {
    std::function<Answer()> end;
    bool waits;
  };
  /** The same where a device computes after `begin` has returned: what waits for it does so on a thread of
   * its own, in the order in which it was begun. */
  Napi::Value enqueue_in_two(Napi::Env env, std::function<Begun()> begin);
  /** Settles the promise with what `work` returns or throws. */
  void settle_with(const Napi::Promise::Deferred& deferred, const std::function<Answer()>& work);
  /** A rejected promise when the model was disposed. */
  std::optional<Napi::Value> refusal(Napi::Env env, const Napi::Promise::Deferred& deferred) const;
  void begin_job(Napi::Env env);
  void end_job(Napi::Env env);
  /** Lets the running job end and drops the others, for a process that exits in the middle of them. */
  void stop_jobs();
  void shut_down();
  void account_memory(Napi::Env env, int64_t bytes);

  Napi::Value initialise(const Napi::CallbackInfo& info);
  Napi::Value load_weights(const Napi::CallbackInfo& info);
  Napi::Value save_weights(const Napi::CallbackInfo& info);
  Napi::Value save_state_dict(const Napi::CallbackInfo& info);
  Napi::Value configure_optimizer(const Napi::CallbackInfo& info);
  Napi::Value train_step(const Napi::CallbackInfo& info);
  Napi::Value save_optimizer(const Napi::CallbackInfo& info);
  Napi::Value load_optimizer(const Napi::CallbackInfo& info);
  Napi::Value loss(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);
  Napi::Value scores(const Napi::CallbackInfo& info);
  Napi::Value hidden_states(const Napi::CallbackInfo& info);
  Napi::Value parameters(const Napi::CallbackInfo& info);
  Napi::Value device_memory(const Napi::CallbackInfo& info);
  Napi::Value gradients(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<Engines> engines_;
  ModelShape shape_;
  std::unique_ptr<Session> session_;
  Settler settler_;
  std::unique_ptr<JobQueue> queue_;
  /** What waits for the device, apart from the queue: the next step is begun meanwhile. */
  std::unique_ptr<JobQueue> waiting_;
  int jobs_in_flight_ = 0;
  int64_t accounted_bytes_ = 0;
  Napi::Env::CleanupHook<void (*)(EngineObject*), EngineObject> cleanup_hook_;
  bool disposed_ = false;
  bool shut_down_ = false;
};

}  // namespace gp::binding
