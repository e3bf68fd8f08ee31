// What a word in a document means as a number, a truth value or a google.protobuf.Value.

#ifndef NASCENT_COMMON_SPEC_SCALARS_H_
#define NASCENT_COMMON_SPEC_SCALARS_H_

#include <google/protobuf/struct.pb.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/spec/document.h"

namespace nascent::spec {

// Decimal numbers, with a sign, a point and an exponent; nothing else (no infinities, no
// hexadecimal).
std::optional<double> ParseReal(std::string_view text);

// A whole number in any form that is one: 50000, 5e4, 50000.0. Nothing when it has a fraction or
// does not fit. Exact over the whole range of the type when written without point and exponent.
std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);

// true or false; also True, TRUE, False, FALSE, as YAML and Python write them.
std::optional<bool> ParseFlag(std::string_view text);

// `node` as a JSON-like value: a scalar that is not quoted becomes a number or a truth value where
// it looks like one.
google::protobuf::Value ToValue(const DocumentNode& node);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_SCALARS_H_
