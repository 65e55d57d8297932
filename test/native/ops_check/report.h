#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gp::check {

/** What one check found: figures against their bounds and statements that must hold. */
class Findings {
 public:
  /** The figure must be a number below the bound. */
  void below(const std::string& what, double figure, double bound);
  void holds(const std::string& what, bool statement);

  bool ok() const { return ok_; }
  /** All that was found, what failed first. */
  std::string detail() const { return failed_ + passed_; }

 private:
  void note(const std::string& text, bool good);

  bool ok_ = true;
  std::string failed_, passed_;
};

/** Runs checks and prints each as a line of JSON: {"name": ..., "ok": ..., "detail": ...}. */
class Report {
 public:
  /** @param only run checks alone that have one of these in their names; all of them where there is none */
  explicit Report(std::vector<std::string> only = {}) : only_(std::move(only)) {}
  /** A check that finds nothing, or throws, has failed. */
  void run(const std::string& name, const std::function<void(Findings&)>& body);
  bool all_ok() const { return all_ok_; }

 private:
  std::vector<std::string> only_;
  bool all_ok_ = true;
};

}  // namespace gp::check
