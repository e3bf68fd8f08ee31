// Reading of JSON that other programs report.

#ifndef NASCENT_BENCH_JSON_REPORT_H_
#define NASCENT_BENCH_JSON_REPORT_H_

#include <google/protobuf/struct.pb.h>

#include <string>

namespace nascent::bench {

// Throws where `text` is none.
google::protobuf::Value ParseJson(const std::string& text);

// A field of an object, as a number. Throws where there is none.
double NumberField(const google::protobuf::Value& value, const std::string& name);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_JSON_REPORT_H_
