// How often a test repeats itself with other random numbers.

#ifndef NASCENT_TESTS_SUPPORT_REPETITIONS_H_
#define NASCENT_TESTS_SUPPORT_REPETITIONS_H_

namespace nascent::testing {

// All of them; a tenth under a sanitizer, which looks for mistakes that one run of a path shows.
template <typename Number>
constexpr Number Repetitions(Number all) {
#ifdef NASCENT_SANITIZED
  return all < 10 ? 1 : all / 10;
#else
  return all;
#endif
}

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_REPETITIONS_H_
