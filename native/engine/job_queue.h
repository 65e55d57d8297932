#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gp {

/**
 * A thread of its own, begun with the first job, that runs jobs one at a time, in the order they came. One
 * OpenMP team and one set of LibTorch's thread-local switches belong to each.
 */
class JobQueue {
 public:
  using Job = std::function<void()>;

  JobQueue() = default;
  /** Stops as `stop` does. */
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /** Queues a job; jobs must not throw. Returns false, the job not taken, once the queue has stopped. */
  bool submit(Job job);
  /** Lets the running job end, drops those that have not begun, and joins the thread. May be called twice. */
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace gp
