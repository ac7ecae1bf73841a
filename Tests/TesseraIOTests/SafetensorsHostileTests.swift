import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct SafetensorsHostileTests {
  /// A header, bytes of data, and words that the message must contain.
  struct Case: CustomTestStringConvertible, Sendable {
    let header: String
    let data: Int
    let words: String
    init(_ header: String, _ data: Int, _ words: String) {
      (self.header, self.data, self.words) = (header, data, words)
    }
    var testDescription: String { String(header.prefix(60)) }
  }

  private static func tensor(
    _ shape: String, _ offsets: String, dtype: String = "\"F32\""
  ) -> String {
    "{\"w\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
  }

  private static func pair(_ first: String, _ second: String) -> String {
    "{\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(first)},"
      + "\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(second)}}"
  }

  static let cases: [Case] = [
    Case("{}", 1, "1 bytes at the end belong to no tensor"),
    Case("[]", 0, "does not begin with '{'"),
    Case(" {}", 0, "does not begin with '{'"),
    Case("{} x", 0, "after the end"),
    Case("{ ", 0, "expected '\"'"),
    Case("{\"w\"}", 0, "expected ':'"),
    Case("{\"w\":}", 0, "expected '{'"),
    Case("{\"w\":{},}", 0, "is missing"),
    Case("{\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},}", 0, "expected '\"'"),
    Case("{\"w\":3}", 0, "tensor \"w\": expected '{'"),
    Case("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: expected '\"'"),
    Case("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "\"a\" appears twice"),
    Case("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ appears twice"),
    Case("{\"\u{1}\":{}}", 0, "control character"),
    Case("{\"\\x\":{}}", 0, "unknown escape"),
    Case("{\"\\u12\":{}}", 0, "hexadecimal"),
    Case("{\"\\ud800\":{}}", 0, "expected '\\u'"),
    Case("{\"\\ud800\\u0041\":{}}", 0, "surrogate"),
    Case("{\"\\udc00\":{}}", 0, "surrogate"),
    Case(tensor("[1]", "[0,4]", dtype: "3"), 4, "tensor \"w\": expected '\"'"),
    Case(tensor("[1]", "[0,4]", dtype: "\"F32\",\"dtype\":\"F32\""), 4, "\"dtype\" appears twice"),
    Case(tensor("[1]", "[0,4,8]"), 4, "more than 2"),
    Case(tensor("[1]", "[4]"), 4, "data_offsets [4]"),
    Case(tensor("[1]", "[4,0]"), 4, "begin ≤ end"),
    Case(tensor("[1]", "[0,4]"), 3, "exceed the 3"),
    Case(tensor("[1]", "[0,8]"), 8, "do not match F32 of shape [1]"),
    Case(tensor("[1]", "[4,8]"), 8, "4 bytes before it belong to no tensor"),
    Case(tensor("[1]", "[0,4]"), 8, "4 bytes at the end"),
    Case(tensor("[-1]", "[0,4]"), 4, "integer of 0 or more"),
    Case(tensor("[1.0]", "[0,4]"), 4, "integer of 0 or more"),
    Case(tensor("[1e0]", "[0,4]"), 4, "integer of 0 or more"),
    Case(tensor("[01]", "[0,4]"), 4, "leading zero"),
    Case(tensor("[1,]", "[0,4]"), 4, "integer of 0 or more"),
    Case(tensor("[9223372036854775808]", "[0,4]"), 4, "integer too large"),
    Case(tensor("[9223372036854775807]", "[0,4]"), 4, "do not match"),
    Case(tensor("[4294967296,4294967296]", "[0,4]"), 4, "more than Int.max"),
    Case(tensor("[1]", "[0,18446744073709551615]"), 4, "integer too large"),
    Case(tensor("[1]", "[0,9223372036854775807]"), 4, "exceed the 4"),
    Case(
      tensor("[" + [String](repeating: "1", count: 65).joined(separator: ",") + "]", "[0,4]"), 4,
      "more than 64"),
    Case(tensor("[3]", "[0,3]", dtype: "\"F4\""), 3, "do not match F4"),
    Case(pair("[0,4]", "[2,6]"), 6, "tensor \"w\": bytes overlap"),
    Case(pair("[0,4]", "[0,4]"), 4, "overlap"),
    Case(pair("[0,4]", "[5,9]"), 9, "tensor \"w\": 1 bytes before"),
    Case(pair("[0,4]", "[4,8]").replacingOccurrences(of: "\"v\"", with: "\"w\""), 8, "twice"),
    Case(
      "{\"w\":{\"x\":" + String(repeating: "[", count: 100_000), 0, "nested more than"),
    Case("{\"w\":{\"x\":" + String(repeating: "{\"a\":", count: 10_000), 0, "nested more than"),
    Case("{\"w\":{\"x\":trua}}", 0, "expected 'true'"),
    Case("{\"w\":{\"x\":-}}", 0, "expected a value"),
    Case("{\"w\":{\"x\":01}}", 0, "leading zero"),
  ]

  @Test(arguments: cases)
  func `a wrong header is told by name`(_ item: Case) throws {
    let storage = guarded(safetensors(item.header, data: item.data))
    let error = #expect(throws: TesseraError.self) {
      try SafetensorsFile(storage: storage, path: "model.safetensors")
    }
    #expect(error?.code == .malformedData)
    let message = error?.message ?? ""
    #expect(message.contains(item.words), "\(message)")
    #expect(message.hasPrefix("model.safetensors: "))
    #expect(!message.contains("\n"))
  }

  @Test func `a header that is not UTF-8 is refused`() throws {
    for wrong: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] {
      let header = Array("{\"".utf8) + wrong + Array("\":{}}".utf8)
      let error = #expect(throws: TesseraError.self) {
        try SafetensorsFile(storage: guarded(safetensors(header, data: 0)), path: "f")
      }
      #expect(error?.message.contains("not UTF-8") == true)
    }
  }

  @Test(arguments: [0, 1, 3, 100_000_001, 1 << 40, UInt64(Int64.max), UInt64.max, UInt64.max - 7])
  func `a header length that lies is refused`(_ length: UInt64) throws {
    let file = withUnsafeBytes(of: length.littleEndian, Array.init) + Array("{}".utf8)
    let error = #expect(throws: TesseraError.self) {
      try SafetensorsFile(storage: guarded(file), path: "f")
    }
    #expect(error?.code == .malformedData)
    #expect(error?.message.contains("header") == true)
  }

  @Test func `every truncation of a file is refused`() throws {
    let scratch = try Scratch()
    try Safetensors.write(
      [("a", sample(.f32)), ("b", sample(.u8))], metadata: ["k": "v"],
      to: scratch.path("x.safetensors"))
    let whole = try scratch.read("x.safetensors")
    for count in whole.indices {
      let storage = guarded(Array(whole[..<count]))
      let error = #expect(throws: TesseraError.self) {
        try SafetensorsFile(storage: storage, path: "f")
      }
      #expect(error?.code == .malformedData)
    }
  }

  @Test func `paths that are no readable file are told`() throws {
    let scratch = try Scratch()
    let fifo = scratch.path("fifo.safetensors")
    mkfifo(fifo, 0o600)
    for path in [scratch.folder, scratch.path("absent.safetensors"), fifo, "", "/dev/null", "a\0b"]
    {
      let error = #expect(throws: TesseraError.self) { try SafetensorsFile(path: path) }
      #expect(error?.code == .io, "\(path)")
    }
    let empty = try scratch.file("empty.safetensors", [])
    let error = #expect(throws: TesseraError.self) { try SafetensorsFile(path: empty) }
    #expect(error?.code == .malformedData)
    #expect(error?.message.hasPrefix(empty) == true)
  }

  @Test func `damaged files give an error or a tensor, never a crash`() throws {
    let scratch = try Scratch()
    try Safetensors.write(
      [("alpha", sample(.f32)), ("b", sample(.bool)), ("c", sample(.i64, shape: [0, 2]))],
      metadata: ["key": "välue"], to: scratch.path("x.safetensors"))
    let whole = try scratch.read("x.safetensors")
    var random = SeededGenerator(seed: 1)
    var opened = 0
    for _ in 0..<20_000 {
      let storage = guarded(mutated(whole, header: whole.count - 60, using: &random))
      do throws(TesseraError) {
        let file = try SafetensorsFile(storage: storage, path: "f")
        opened += 1
        for name in file.names {
          do throws(TesseraError) {
            let tensor = try file.tensor(named: name)
            #expect(bytes(tensor).count == tensor.byteCount)
          } catch { #expect(error.code == .malformedData) }
        }
      } catch { #expect(error.code == .malformedData, "\(error)") }
    }
    // Damage to the elements alone must not be refused.
    #expect(opened > 100)
    #expect(opened < 19_000)
  }
}
