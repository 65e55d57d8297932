#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "checks.h"
#include "engine/job_queue.h"

namespace gp::check {
namespace {

void check_order(Findings& findings) {
  std::vector<int> seen;
  std::vector<std::thread::id> threads;
  std::promise<void> last;
  JobQueue queue;
  bool taken = true;
  for (int i = 0; i < 200; ++i) {
    taken = taken && queue.submit([&, i] {
      seen.push_back(i);
      threads.push_back(std::this_thread::get_id());
      if (i == 199) last.set_value();
    });
  }
  last.get_future().wait();
  queue.stop();
  std::vector<int> expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  findings.holds("every job was taken", taken);
  findings.holds("jobs ran in the order they came", seen == expected);
  findings.holds("on one thread, not the caller's",
                 std::count(threads.begin(), threads.end(), threads.front()) == 200 &&
                     threads.front() != std::this_thread::get_id());
}

void check_stop(Findings& findings) {
  std::promise<void> begun, release;
  std::atomic<bool> first_ended = false, second_ran = false;
  const auto owned = std::make_shared<int>(1);
  JobQueue queue;
  queue.submit([&] {
    begun.set_value();
    release.get_future().wait();
    first_ended = true;
  });
  queue.submit([&, owned] { second_ran = true; });
  begun.get_future().wait();
  std::atomic<bool> stop_returned = false;
  std::thread stopper([&] {
    queue.stop();
    stop_returned = true;
  });
  // The queue is stopped as soon as it refuses jobs; those it takes until then are dropped like the second.
  while (queue.submit([&] { second_ran = true; })) std::this_thread::yield();
  findings.holds("stop waits for the job that runs", !stop_returned);
  release.set_value();
  stopper.join();
  findings.holds("the running job ended", first_ended);
  findings.holds("those that had not begun were dropped", !second_ran);
  findings.holds("and what they held was let go", owned.use_count() == 1);
  findings.holds("a job after the stop is refused", !queue.submit([&] { second_ran = true; }));
  queue.stop();
  findings.holds("stopping twice does no harm", !second_ran);
}

}  // namespace

void check_job_queue(Report& report) {
  report.run("job queue: order", check_order);
  report.run("job queue: stop", check_stop);
  report.run("job queue: an idle queue goes away", [](Findings& findings) {
    for (int i = 0; i < 50; ++i) JobQueue queue;
    findings.holds("fifty came and went", true);
  });
}

}  // namespace gp::check
