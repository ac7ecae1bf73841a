package import TesseraCore
import TesseraSuites

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A list of cases as a data file: `Benchmarks/suites/NAME.json`, or one of the user's own.
///
/// A row names an operator (`op`), whom it is for (`on`: `large` for GPUs, `small` for the rest; both
/// without it), its element types (`dtype`; without them the command's) and the operator's parameters
/// (`case`) under the names that results carry. `include` stands for the rows of another suite.
package struct BenchSuite: Sendable, Codable {
  package struct Row: Sendable, Codable {
    package var op: String?
    package var on: Size?
    package var dtype: [String]?
    package var `case`: [String: BenchRow.Value]?
    package var include: String?
  }
  package enum Size: String, Sendable, Codable {
    case small, large
  }

  package var suite: String
  package var about: String
  package var rows: [Row]
  /// Seconds of samples per row, unless the command says otherwise.
  package var seconds: Double?
  /// Seconds for the whole suite on all devices: rows that do not fit are named and left out.
  package var limit: Double?
  /// Whether anything runs beside ours; yes without it.
  package var peers: Bool?

  /// Files beyond this are no suites.
  private static let sizeLimit = 1 << 20
  private static let rowLimit = 100_000

  /// Reads a suite.
  /// - Throws: `malformedData` naming the place in the file.
  package init(json: [UInt8], name: String) throws(TesseraError) {
    guard json.count <= Self.sizeLimit else {
      throw .malformed("suite \(name)", reason: "\(json.count) bytes, more than \(Self.sizeLimit)")
    }
    do {
      self = try JSONDecoder().decode(BenchSuite.self, from: Data(json))
    } catch let error as DecodingError {
      throw .malformed("suite \(name)", reason: Self.reason(error))
    } catch {
      throw .malformed("suite \(name)", reason: "\(error)")
    }
    guard rows.count <= Self.rowLimit else {
      throw .malformed("suite \(name)", reason: "\(rows.count) rows, more than \(Self.rowLimit)")
    }
    for number in [seconds, limit].compactMap(\.self) where !(number > 0 && number <= 86_400) {
      throw .malformed("suite \(name)", reason: "\(number) seconds, allowed 0...86400")
    }
  }

  /// The committed suite of this name.
  /// - Throws: `invalidArgument` naming those there are.
  package static func named(_ name: String) throws(TesseraError) -> BenchSuite {
    guard let text = TesseraSuites.text(name) else {
      throw .invalidArgument(
        "suite", got: "\"\(name)\"", allowed: TesseraSuites.names.joined(separator: ", "))
    }
    return try BenchSuite(json: Array(text.utf8), name: name)
  }

  /// Names of the committed suites.
  package static var names: [String] { TesseraSuites.names }

  /// The cases for a device of `kind` (`gpu`, `software`, `cpu`).
  /// - Parameter dtypes: element types of rows that name none.
  package func cases(kind: String, dtypes: [DType]) throws(TesseraError) -> [any BenchCase] {
    try cases(size: kind == "gpu" ? .large : .small, dtypes, [suite])
  }

  private func cases(
    size: Size, _ dtypes: [DType], _ within: [String]
  ) throws(TesseraError) -> [any BenchCase] {
    var result: [any BenchCase] = []
    for (index, row) in rows.enumerated() where row.on == nil || row.on == size {
      if let include = row.include {
        guard row.op == nil, row.case == nil else {
          throw .malformed("suite \(suite), row \(index)", reason: "include beside other keys")
        }
        guard !within.contains(include) else {
          throw .malformed("suite \(suite), row \(index)", reason: "\(include) includes itself")
        }
        let other = try BenchSuite.named(include)
        result += try other.cases(size: size, dtypes, within + [include])
        continue
      }
      guard let op = row.op else {
        throw .malformed("suite \(suite), row \(index)", reason: "neither op nor include")
      }
      var own = dtypes
      if let names = row.dtype {
        own = []
        for name in names {
          guard let dtype = DType(rawValue: name) else {
            throw .malformed("suite \(suite), row \(index)", reason: "no element type \"\(name)\"")
          }
          own.append(dtype)
        }
      }
      // Operators with one element type do not repeat for others.
      if CaseParameters.typeless.contains(op) { own = [.f32] }
      for dtype in own {
        var parameters = CaseParameters(op, row.case ?? [:], place: "suite \(suite), row \(index)")
        result.append(try parameters.benchCase(dtype))
      }
    }
    return result
  }

  private static func reason(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
      return path.isEmpty ? "the file" : path.joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context)) lacks \"\(key.stringValue)\""
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(place(context)) is no \(type)"
    case .dataCorrupted(let context): "\(place(context)): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }
}
