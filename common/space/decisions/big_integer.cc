#include "common/space/decisions/big_integer.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

namespace nascent::space {

BigInteger::BigInteger(uint64_t value) : number_(BN_new()) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(value >> (8 * i));
  BN_lebin2bn(bytes, sizeof bytes, number_.get());
}

BigInteger::BigInteger(const BigInteger& other) : number_(BN_dup(other.number_.get())) {}

BigInteger& BigInteger::operator=(const BigInteger& other) {
  if (this != &other) number_.reset(BN_dup(other.number_.get()));
  return *this;
}

void BigInteger::Add(const BigInteger& other) {
  BN_add(number_.get(), number_.get(), other.number_.get());
}

void BigInteger::Multiply(const BigInteger& other) {
  BN_CTX* context = BN_CTX_new();
  BN_mul(number_.get(), number_.get(), other.number_.get(), context);
  BN_CTX_free(context);
}

std::string BigInteger::Text() const {
  char* digits = BN_bn2dec(number_.get());
  std::string text = digits;
  OPENSSL_free(digits);
  return text;
}

void BigInteger::Free::operator()(bignum_st* number) const { BN_free(number); }

}  // namespace nascent::space
