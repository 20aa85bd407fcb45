// As much of ONNX as the tests' models need: reads the protobuf and evaluates the graph in floats.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "double.h"

namespace twin {

using Dims = std::vector<int64_t>;

struct Value {
  Dims dims;
  std::vector<float> data;
};

inline int64_t volume(const Dims& dims) {
  int64_t product = 1;
  for (const int64_t side : dims) product *= side;
  return product;
}

/** One message: calls `field(number, varint or 0, bytes)` for each field. Throws std::runtime_error where it is damaged. */
template <typename Field>
void fields(const std::string& bytes, Field field) {
  size_t at = 0;
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= bytes.size()) throw std::runtime_error("damaged protobuf");
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw std::runtime_error("damaged protobuf");
  };
  while (at < bytes.size()) {
    const uint64_t key = varint();
    const uint64_t wire = key & 7;
    if (wire == 0) {
      field(key >> 3, varint(), std::string());
      continue;
    }
    const uint64_t length = wire == 2 ? varint() : wire == 5 ? 4 : wire == 1 ? 8 : ~uint64_t{0};
    if (length > bytes.size() - at) throw std::runtime_error("damaged protobuf");
    field(key >> 3, uint64_t{0}, bytes.substr(at, length));
    at += length;
  }
}

struct Node {
  std::string op;
  std::vector<std::string> in, out;
  std::map<std::string, Dims> ints;
};

struct Declared {
  std::string name;
  int64_t type = 0;
  /** -1 where the graph leaves a side open. */
  Dims dims;
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Declared> inputs, outputs;
};

inline Declared declared(const std::string& bytes) {
  Declared value;
  fields(bytes, [&](uint64_t number, uint64_t, const std::string& inner) {
    if (number == 1) value.name = inner;
    if (number != 2) return;
    fields(inner, [&](uint64_t n, uint64_t, const std::string& tensor) {
      if (n != 1) return;
      fields(tensor, [&](uint64_t m, uint64_t type, const std::string& shape) {
        if (m == 1) value.type = static_cast<int64_t>(type);
        if (m != 2) return;
        fields(shape, [&](uint64_t, uint64_t, const std::string& dim) {
          int64_t side = -1;
          fields(dim, [&](uint64_t k, uint64_t length, const std::string&) { side = k == 1 ? static_cast<int64_t>(length) : side; });
          value.dims.push_back(side);
        });
      });
    });
  });
  return value;
}

inline Node node(const std::string& bytes) {
  Node node;
  fields(bytes, [&](uint64_t number, uint64_t, const std::string& inner) {
    if (number == 1) node.in.push_back(inner);
    if (number == 2) node.out.push_back(inner);
    if (number == 4) node.op = inner;
    if (number != 5) return;
    std::string name;
    Dims ints;
    fields(inner, [&](uint64_t n, uint64_t value, const std::string& text) {
      if (n == 1) name = text;
      if (n == 3) ints = {static_cast<int64_t>(value)};
      if (n != 8) return;
      if (text.empty()) return ints.push_back(static_cast<int64_t>(value));
      // packed: as many fields of one byte, enough for the tests' small numbers
      for (const char byte : text) ints.push_back(byte);
    });
    node.ints[name] = ints;
  });
  return node;
}

inline Graph graphOf(const std::string& model) {
  Graph graph;
  bool found = false;
  fields(model, [&](uint64_t number, uint64_t, const std::string& bytes) {
    if (number != 7) return;
    found = true;
    fields(bytes, [&](uint64_t n, uint64_t, const std::string& inner) {
      if (n == 1) graph.nodes.push_back(node(inner));
      if (n == 11) graph.inputs.push_back(declared(inner));
      if (n == 12) graph.outputs.push_back(declared(inner));
    });
  });
  if (!found) throw std::runtime_error("no graph in it");
  return graph;
}

/** Values of the index `flat` in each dimension. */
inline Dims indexOf(int64_t flat, const Dims& dims) {
  Dims index(dims.size());
  for (size_t axis = dims.size(); axis-- > 0; flat /= dims[axis]) index[axis] = flat % dims[axis];
  return index;
}

inline int64_t flatOf(const Dims& index, const Dims& dims) {
  int64_t flat = 0;
  for (size_t axis = 0; axis < dims.size(); ++axis) flat = flat * dims[axis] + index[axis];
  return flat;
}

inline Value reduceMean(const Value& in, const Dims& axes, bool keep) {
  const auto reduced = [&](size_t axis) { return std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end(); };
  Dims kept = in.dims, shown;
  for (size_t axis = 0; axis < kept.size(); ++axis) {
    if (reduced(axis)) kept[axis] = 1;
    if (keep || !reduced(axis)) shown.push_back(kept[axis]);
  }
  std::vector<double> sums(volume(kept));
  for (size_t i = 0; i < in.data.size(); ++i) {
    Dims index = indexOf(static_cast<int64_t>(i), in.dims);
    for (size_t axis = 0; axis < index.size(); ++axis) index[axis] = kept[axis] == 1 ? 0 : index[axis];
    sums[flatOf(index, kept)] += in.data[i];
  }
  Value out{shown, std::vector<float>(sums.size())};
  const double count = static_cast<double>(in.data.size()) / static_cast<double>(sums.size());
  for (size_t i = 0; i < sums.size(); ++i) out.data[i] = static_cast<float>(sums[i] / count);
  return out;
}

inline Value transpose(const Value& in, const Dims& perm) {
  Value out{Dims(perm.size()), std::vector<float>(in.data.size())};
  for (size_t axis = 0; axis < perm.size(); ++axis) out.dims[axis] = in.dims[perm[axis]];
  for (size_t i = 0; i < in.data.size(); ++i) {
    const Dims index = indexOf(static_cast<int64_t>(i), out.dims);
    Dims from(index.size());
    for (size_t axis = 0; axis < perm.size(); ++axis) from[perm[axis]] = index[axis];
    out.data[i] = in.data[flatOf(from, in.dims)];
  }
  return out;
}

/** NCHW; the stride is the kernel. */
inline Value averagePool(const Value& in, const Dims& kernel) {
  Value out{{in.dims[0], in.dims[1], in.dims[2] / kernel[0], in.dims[3] / kernel[1]}, {}};
  for (int64_t i = 0; i < volume(out.dims); ++i) {
    const Dims index = indexOf(i, out.dims);
    double sum = 0;
    for (int64_t y = 0; y < kernel[0]; ++y) {
      for (int64_t x = 0; x < kernel[1]; ++x) {
        sum += in.data[flatOf({index[0], index[1], index[2] * kernel[0] + y, index[3] * kernel[1] + x}, in.dims)];
      }
    }
    out.data.push_back(static_cast<float>(sum / static_cast<double>(kernel[0] * kernel[1])));
  }
  return out;
}

/** Evaluates; with `half` every value is rounded to 16 bits, as half precision does. Throws for an operator that is not here. */
inline std::map<std::string, Value> evaluate(const Graph& graph, std::map<std::string, Value> values, bool half) {
  for (const Node& node : graph.nodes) {
    const Value& first = values.at(node.in.at(0));
    const auto ints = [&](const char* name) { return node.ints.count(name) ? node.ints.at(name) : Dims(); };
    Value out = first;
    if (node.op == "ReduceMean") out = reduceMean(first, ints("axes"), ints("keepdims") != Dims{0});
    else if (node.op == "Transpose") out = transpose(first, ints("perm"));
    else if (node.op == "AveragePool") out = averagePool(first, ints("kernel_shape"));
    else if (node.op == "Div" || node.op == "Sub") {
      const Value& second = values.at(node.in.at(1));
      for (size_t i = 0; i < out.data.size(); ++i) {
        out.data[i] = node.op == "Div" ? out.data[i] / second.data[i] : out.data[i] - second.data[i];
      }
    } else if (node.op != "Cast") throw std::runtime_error("no importer for operator " + node.op);
    if (half) for (float& value : out.data) value = static_cast<float>(static_cast<_Float16>(value));
    values[node.out.at(0)] = std::move(out);
  }
  return values;
}

}  // namespace twin
