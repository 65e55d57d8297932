#include "report.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

namespace gp::check {
namespace {

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2g", value);
  return text;
}

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') {
      quoted += {'\\', character};
    } else if (static_cast<unsigned char>(character) < 0x20) {
      quoted += ' ';
    } else {
      quoted += character;
    }
  }
  return quoted + '"';
}

}  // namespace

void Findings::below(const std::string& what, double figure, double bound) {
  const bool good = figure < bound;  // false for NaN
  note(what + " " + short_number(figure) + (good ? " < " : " is not below ") + short_number(bound), good);
}

void Findings::holds(const std::string& what, bool statement) {
  note((statement ? "" : "not so: ") + what, statement);
}

void Findings::note(const std::string& text, bool good) {
  (good ? passed_ : failed_) += text + "; ";
  ok_ = ok_ && good;
}

void Report::run(const std::string& name, const std::function<void(Findings&)>& body) {
  const auto named = [&](const std::string& part) { return name.find(part) != std::string::npos; };
  if (!only_.empty() && std::none_of(only_.begin(), only_.end(), named)) return;
  Findings findings;
  try {
    body(findings);
    if (findings.detail().empty()) findings.holds("something was checked", false);
  } catch (const std::exception& error) {
    findings.holds(std::string("no exception, but: ") + error.what(), false);
  }
  all_ok_ = all_ok_ && findings.ok();
  std::cout << "{\"name\": " << json_string(name) << ", \"ok\": " << (findings.ok() ? "true" : "false")
            << ", \"detail\": " << json_string(findings.detail()) << '}' << std::endl;
}

}  // namespace gp::check
