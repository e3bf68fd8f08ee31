#include "common/space/decisions/domain.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"

namespace nascent::space {
namespace {

constexpr double kLargestWhole = 9007199254740992;  // 2^53, exact in a double

int64_t WholeMinimum(const Domain& d) { return static_cast<int64_t>(d.minimum); }
int64_t WholeMaximum(const Domain& d) { return static_cast<int64_t>(d.maximum); }

// A whole number that is even in the logarithm: each n stands for the reals of [n, n + 1).
int64_t SampleLogWhole(const Domain& d, RandomStream& random) {
  const double low = std::log(static_cast<double>(WholeMinimum(d)));
  const double high = std::log(static_cast<double>(WholeMaximum(d)) + 1);
  const auto drawn = static_cast<int64_t>(std::exp(low + random.Uniform() * (high - low)));
  return std::clamp(drawn, WholeMinimum(d), WholeMaximum(d));
}

bool IsWhole(double number) { return number == std::floor(number); }

// log(a / b), also where the quotient is more than a double holds.
double LogQuotient(double a, double b) {
  const double quotient = a / b;
  return std::isfinite(quotient) ? std::log(quotient) : std::log(a) - std::log(b);
}

// Shortest text that reads back as the same number.
std::string NumberText(double number) {
  for (int digits = 6; digits < 17; ++digits) {
    char buffer[32];
    snprintf(buffer, sizeof buffer, "%.*g", digits, number);
    if (std::strtod(buffer, nullptr) == number) return buffer;
  }
  char buffer[32];
  snprintf(buffer, sizeof buffer, "%.17g", number);
  return buffer;
}

}  // namespace

std::string OptionText(const OptionValue& option) {
  if (const auto* text = std::get_if<std::string>(&option)) return *text;
  if (const auto* flag = std::get_if<bool>(&option)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<int64_t>(&option)) return absl::StrCat(*whole);
  return NumberText(std::get<double>(option));
}

int64_t Domain::Size() const {
  if (IsList()) return static_cast<int64_t>(options.size());
  if (kind == Kind::kReal) return 0;
  return WholeMaximum(*this) - WholeMinimum(*this) + 1;
}

bool Domain::Varies() const { return kind == Kind::kReal ? maximum > minimum : Size() > 1; }

bool Domain::Contains(const Value& value) const {
  if (kind == Kind::kReal) {
    const auto* real = std::get_if<double>(&value);
    return real != nullptr && *real >= minimum && *real <= maximum;
  }
  const auto* whole = std::get_if<int64_t>(&value);
  if (whole == nullptr) return false;
  if (IsList()) return *whole >= 0 && *whole < Size();
  return *whole >= WholeMinimum(*this) && *whole <= WholeMaximum(*this);
}

Value Domain::First() const {
  if (IsList()) return int64_t{0};
  if (kind == Kind::kReal) return minimum;
  return WholeMinimum(*this);
}

Value Domain::Sample(RandomStream& random) const {
  if (IsList()) return static_cast<int64_t>(random.Below(options.size()));
  if (kind == Kind::kReal) return RealAt(random.Uniform());
  if (log) return SampleLogWhole(*this, random);
  return random.Between(WholeMinimum(*this), WholeMaximum(*this));
}

Value Domain::SampleOther(const Value& current, RandomStream& random) const {
  if (!Varies() || !Contains(current)) return Sample(random);
  if (kind == Kind::kReal || log) {
    for (int tries = 0; tries < 64; ++tries) {
      Value drawn = Sample(random);
      if (drawn != current) return drawn;
    }
    if (kind == Kind::kReal) return std::get<double>(current) > minimum ? minimum : maximum;
    const int64_t whole = std::get<int64_t>(current);
    return whole > WholeMinimum(*this) ? whole - 1 : whole + 1;
  }
  const int64_t low = IsList() ? 0 : WholeMinimum(*this);
  const int64_t drawn = random.Between(low, low + Size() - 2);
  return drawn < std::get<int64_t>(current) ? drawn : drawn + 1;
}

double Domain::Position(const Value& value) const {
  if (!Varies() || !Contains(value)) return 0;
  if (IsList())
    return static_cast<double>(std::get<int64_t>(value)) / static_cast<double>(Size() - 1);
  const double number =
      kind == Kind::kReal ? std::get<double>(value) : static_cast<double>(std::get<int64_t>(value));
  const double position = log ? LogQuotient(number, minimum) / LogQuotient(maximum, minimum)
                              : (number - minimum) / (maximum - minimum);
  return std::clamp(position, 0.0, 1.0);
}

double Domain::RealAt(double position) const {
  if (!log) return std::clamp(minimum + position * (maximum - minimum), minimum, maximum);
  const double quotient = maximum / minimum;
  const double real = std::isfinite(quotient)
                          ? minimum * std::pow(quotient, position)
                          : std::exp(std::log(minimum) + position * LogQuotient(maximum, minimum));
  return std::clamp(real, minimum, maximum);
}

std::string Domain::Text(const Value& value) const {
  if (const auto* real = std::get_if<double>(&value)) return NumberText(*real);
  const auto* whole = std::get_if<int64_t>(&value);
  if (whole == nullptr) return "inactive";
  if (IsList() && Contains(value)) return OptionText(options[*whole]);
  return absl::StrCat(*whole);
}

absl::Status ValidateDomain(const Domain& d) {
  if (d.IsList()) {
    if (d.options.empty()) return absl::InvalidArgumentError("no options; give at least one");
    std::set<std::string> seen;
    for (const OptionValue& option : d.options) {
      const auto* real = std::get_if<double>(&option);
      if (real != nullptr && !std::isfinite(*real)) {
        return absl::InvalidArgumentError("an option is not a finite number");
      }
      if (d.kind == Domain::Kind::kOrdered && !std::holds_alternative<int64_t>(option) &&
          real == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("option ", OptionText(option), " is no number; ordered options are"));
      }
      if (!seen.insert(OptionText(option)).second) {
        return absl::InvalidArgumentError(absl::StrCat("option ", OptionText(option), " twice"));
      }
    }
    return absl::OkStatus();
  }
  if (!std::isfinite(d.minimum) || !std::isfinite(d.maximum)) {
    return absl::InvalidArgumentError("an end of the range is not a finite number");
  }
  if (d.minimum > d.maximum) {
    return absl::InvalidArgumentError(absl::StrCat("range upside down: ", NumberText(d.minimum),
                                                   " is above ", NumberText(d.maximum)));
  }
  if (d.log && d.minimum <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a log scale starts above 0, found ", NumberText(d.minimum)));
  }
  if (d.kind == Domain::Kind::kReal) {
    return std::isfinite(d.maximum - d.minimum)
               ? absl::OkStatus()
               : absl::InvalidArgumentError("the range is wider than a double can hold");
  }
  if (std::abs(d.minimum) > kLargestWhole || std::abs(d.maximum) > kLargestWhole) {
    return absl::InvalidArgumentError("whole numbers beyond 2^53");
  }
  for (const double end : {d.minimum, d.maximum}) {
    if (!IsWhole(end)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a range of whole numbers ends at whole numbers, found ", NumberText(end)));
    }
  }
  return absl::OkStatus();
}

}  // namespace nascent::space
