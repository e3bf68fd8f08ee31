// Means, errors and quartiles over seeds.

#ifndef NASCENT_SERVER_SIMULATE_STATISTICS_H_
#define NASCENT_SERVER_SIMULATE_STATISTICS_H_

#include <vector>

namespace nascent::simulate {

// All NaN over nothing.
struct Summary {
  double mean = 0;
  double deviation = 0;       // of the sample (n - 1); 0 for one value
  double standard_error = 0;  // deviation / sqrt(n)
  double q25 = 0;
  double q50 = 0;
  double q75 = 0;
};

Summary Summarize(std::vector<double> values);

// Linear between order statistics (type 7 of Hyndman & Fan 1996); infinite values stay so. `sorted`
// is not empty.
double Quantile(const std::vector<double>& sorted, double share);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_STATISTICS_H_
