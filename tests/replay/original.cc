// The BN-Syn network in its original form: plain loops over one population, written from the
// equations (PHYSICS P1-P3, P5), sharing nothing with the library. It records a run for the library
// to replay:
//
//   original DIRECTORY
//
// writes the connections, initial values and external events that it drew, and the spikes,
// membrane potentials, sigma and gain that followed.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int kNeurons = 50;
constexpr int kExcitatory = 40;
constexpr int kSteps = 2000;
constexpr double kDt = 0.1;  // ms

constexpr double kC = 150, kGl = 10, kEl = -70, kVt = -55, kDeltaT = 2, kTauW = 200, kA = 2,
                 kB = 80;
constexpr double kVreset = -58, kVpeak = 30;
constexpr double kEa = 0, kEn = 0, kEg = -70, kTauA = 2.5, kTauN = 100, kTauG = 6, kMg = 1;
constexpr double kExtRate = 2000, kExtWeight = 0.6;
// The weights of the network of 200, scaled to keep weight times in-degree.
constexpr double kWeightE = 0.5 * 200 / kNeurons, kWeightI = 1.0 * 200 / kNeurons,
                 kProbability = 0.05;

class File {
 public:
  File(const std::string& directory, const std::string& name, const char* header)
      : file_(std::fopen((directory + "/" + name).c_str(), "w")) {
    if (file_ == nullptr) {
      std::perror(name.c_str());
      std::exit(1);
    }
    std::fprintf(file_, "%s\n", header);
  }
  ~File() { std::fclose(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  FILE* get() { return file_; }

 private:
  FILE* file_;
};

int IndexInPopulation(int neuron) { return neuron < kExcitatory ? neuron : neuron - kExcitatory; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: original DIRECTORY\n");
    return 2;
  }
  const std::string directory = argv[1];
  std::mt19937_64 generator(20240229);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> normal(kEl, 5);

  // weight[post][pre]
  std::vector<std::vector<double>> weight(kNeurons, std::vector<double>(kNeurons, 0));
  {
    File ee(directory, "exc_exc.csv", "pre,post,weight"),
        ei(directory, "exc_inh.csv", "pre,post,weight");
    File ie(directory, "inh_exc.csv", "pre,post,weight"),
        ii(directory, "inh_inh.csv", "pre,post,weight");
    for (int pre = 0; pre < kNeurons; ++pre) {
      for (int post = 0; post < kNeurons; ++post) {
        if (pre == post || uniform(generator) >= kProbability) continue;
        weight[post][pre] = pre < kExcitatory ? kWeightE : kWeightI;
        File& file =
            pre < kExcitatory ? (post < kExcitatory ? ee : ei) : (post < kExcitatory ? ie : ii);
        std::fprintf(file.get(), "%d,%d,%.17g\n", IndexInPopulation(pre), IndexInPopulation(post),
                     weight[post][pre]);
      }
    }
  }

  std::vector<double> v(kNeurons), w(kNeurons, 0), g_ampa(kNeurons, 0), g_nmda(kNeurons, 0),
      g_gaba(kNeurons, 0);
  {
    File exc(directory, "v0_exc.csv", "V"), inh(directory, "v0_inh.csv", "V");
    for (int i = 0; i < kNeurons; ++i) {
      v[i] = normal(generator);
      std::fprintf((i < kExcitatory ? exc : inh).get(), "%.17g\n", v[i]);
    }
  }

  File events_exc(directory, "events_exc.csv", "step,index"),
      events_inh(directory, "events_inh.csv", "step,index");
  File spikes(directory, "spikes.csv", "step,inhibitory,index");
  File voltages(directory, "voltages.csv", "step,inhibitory,index,V");
  File criticality(directory, "criticality.csv", "step,sigma,gain");

  std::vector<bool> spiked(kNeurons, false);  // in the previous step
  double sigma = 1, gain = 1;
  int previous_count = 0, total = 0;
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kNeurons; ++i) {
      if (uniform(generator) < kExtRate * kDt / 1000) {
        g_ampa[i] += 0.7 * kExtWeight;
        g_nmda[i] += 0.3 * kExtWeight;
        std::fprintf((i < kExcitatory ? events_exc : events_inh).get(), "%d,%d\n", step,
                     IndexInPopulation(i));
      }
    }
    std::vector<bool> spikes_now(kNeurons, false);
    int count = 0;
    for (int i = 0; i < kNeurons; ++i) {
      double excitatory = 0, inhibitory = 0;
      for (int j = 0; j < kNeurons; ++j) {
        if (spiked[j]) (j < kExcitatory ? excitatory : inhibitory) += weight[i][j];
      }
      g_ampa[i] += 0.7 * excitatory;
      g_nmda[i] += 0.3 * excitatory;
      g_gaba[i] += inhibitory;
      g_ampa[i] *= std::exp(-kDt / kTauA);
      g_nmda[i] *= std::exp(-kDt / kTauN);
      g_gaba[i] *= std::exp(-kDt / kTauG);
      const double block = 1 / (1 + kMg / 3.57 * std::exp(-0.062 * v[i]));
      const double i_syn =
          g_ampa[i] * (v[i] - kEa) + g_nmda[i] * block * (v[i] - kEn) + g_gaba[i] * (v[i] - kEg);
      const double i_ext = 50 * (gain - 1);
      const double i_exp = kGl * kDeltaT * std::exp(std::min((v[i] - kVt) / kDeltaT, 20.0));
      const double dv = (-kGl * (v[i] - kEl) + i_exp - w[i] - i_syn + i_ext) / kC;
      const double dw = (kA * (v[i] - kEl) - w[i]) / kTauW;
      v[i] += kDt * dv;
      w[i] += kDt * dw;
      if (v[i] >= kVpeak) {
        v[i] = kVreset;
        w[i] += kB;
        spikes_now[i] = true;
        ++count;
        std::fprintf(spikes.get(), "%d,%d,%d\n", step, i >= kExcitatory, IndexInPopulation(i));
      }
    }
    const double ratio = std::max(count, 1) / static_cast<double>(std::max(previous_count, 1));
    sigma = (1 - 0.05) * sigma + 0.05 * ratio;
    gain = std::min(std::max(gain - 1e-3 * (sigma - 1), 0.2), 5.0);
    previous_count = count;
    total += count;
    spiked = spikes_now;
    // Each step is recorded at some neuron, each neuron at some steps.
    for (int i = step % 25; i < kNeurons; i += 25) {
      std::fprintf(voltages.get(), "%d,%d,%d,%.17g\n", step, i >= kExcitatory, IndexInPopulation(i),
                   v[i]);
    }
    std::fprintf(criticality.get(), "%d,%.17g,%.17g\n", step, sigma, gain);
  }
  std::printf("%d spikes, %.1f Hz\n", total, total / (kNeurons * kSteps * kDt / 1000));
  return 0;
}
