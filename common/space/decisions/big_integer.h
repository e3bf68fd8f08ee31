// Whole numbers of any size, for counting genotypes.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_BIG_INTEGER_H_
#define NASCENT_COMMON_SPACE_DECISIONS_BIG_INTEGER_H_

#include <cstdint>
#include <memory>
#include <string>

struct bignum_st;  // OpenSSL's BIGNUM

namespace nascent::space {

// A value type over OpenSSL's big numbers, never negative.
class BigInteger {
 public:
  explicit BigInteger(uint64_t value = 0);
  BigInteger(const BigInteger& other);
  BigInteger& operator=(const BigInteger& other);
  BigInteger(BigInteger&&) = default;
  BigInteger& operator=(BigInteger&&) = default;

  void Add(const BigInteger& other);
  void Multiply(const BigInteger& other);
  // Decimal digits.
  std::string Text() const;

 private:
  struct Free {
    void operator()(bignum_st* number) const;
  };
  std::unique_ptr<bignum_st, Free> number_;
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_BIG_INTEGER_H_
