import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct NpyTests {
  @Test func `every element type but bf16 survives a round trip`() throws {
    let scratch = try Scratch()
    for dtype in DType.allCases where dtype != .bf16 {
      for shape: Shape in [[], [0], [5], [2, 3], [2, 0, 3], [1, 2, 3, 4, 5]] {
        let tensor = try sample(dtype, shape: shape)
        try Npy.write(tensor, to: scratch.path("x.npy"))
        let read = try Npy.read(scratch.path("x.npy"))
        #expect(read.dtype == dtype)
        #expect(read.shape == shape)
        #expect(bytes(read) == bytes(tensor))
      }
    }
    #expect(try scratch.contents() == ["x.npy"])
  }

  @Test func `bf16 is refused and leaves no file`() throws {
    let scratch = try Scratch()
    let error = #expect(throws: TesseraError.self) {
      try Npy.write(sample(.bf16), to: scratch.path("x.npy"))
    }
    #expect(error?.code == .invalidArgument)
    #expect(try scratch.contents() == [])
  }

  @Test(arguments: [1, 2, 3])
  func `all format versions are read`(version: UInt8) throws {
    let file = npy(
      "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", [1, 0, 2, 0], version)
    #expect(try Npy.read(guarded(file), path: "f").values(as: Int16.self) == [1, 2])
  }

  @Test func `headers as other programs write them are read`() throws {
    for header in [
      "{\"shape\":(2L,),\"fortran_order\":False,\"descr\":\"|u1\"}",
      "  { 'fortran_order' : True , 'shape' : ( 2 , ) , 'descr' : '=u1' , } \n\n",
      "{'descr':'>u1','fortran_order':False,'shape':(1,2,1)}",
    ] {
      let tensor = try Npy.read(guarded(npy(header, [3, 4])), path: "f")
      #expect(bytes(tensor) == [3, 4])
    }
  }

  @Test func `Fortran order and big-endian elements are brought to C order and little-endian`()
    throws
  {
    // Column by column: [[1, 2, 3], [4, 5, 6]].
    let header = "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }"
    let tensor = try Npy.read(
      guarded(npy(header, [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6])), path: "f")
    #expect(tensor.values(as: UInt16.self) == [1, 2, 3, 4, 5, 6])
  }

  /// A header, data bytes and words of the message.
  static let wrong: [(String, Int, String)] = [
    ("", 0, "expected '{'"),
    ("{}", 0, "missing"),
    ("{'descr': '<f4', 'fortran_order': False}", 0, "missing"),
    (
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4,
      "\"descr\" appears"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", 4, "unknown key \"x\""),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 4, "True or False"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 12, "tuple of one"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': [3]}", 12, "expected '('"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", 12, "extent of 0 or more"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", 12, "extent of 0 or more"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", 12, "after the dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", 12, "expected '}'"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,", 12, "extent of 0 or more"),
    ("{'descr': '<f4", 0, "string without an end"),
    ("{'descr': '\\x3cf4', 'fortran_order': False, 'shape': ()}", 4, "unexpected character"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", 4, "structured"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, "\"|O\" is not supported"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, "\"<c8\" is not supported"),
    ("{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", 4, "not supported"),
    ("{'descr': '<U3', 'fortran_order': False, 'shape': (1,)}", 12, "not supported"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 11, "11 bytes of data do not match"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 13, "which takes 12"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 0, "too large"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}", 0, "Int.max"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 4294967296)}", 0, "Int.max"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': ("
        + String(repeating: "1,", count: 65) + ")}", 4, "more than 64"
    ),
  ]

  @Test(arguments: wrong)
  func `a wrong header is told`(header: String, data: Int, words: String) throws {
    let file = npy(header, [UInt8](repeating: 0, count: data))
    let error = #expect(throws: TesseraError.self) {
      try Npy.read(guarded(file), path: "x.npy")
    }
    #expect(error?.code == .malformedData)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.hasPrefix("x.npy: ") == true)
  }

  @Test func `an empty array of huge extents is read in either order`() throws {
    for order in ["True", "False"] {
      let header =
        "{'descr': '<f8', 'fortran_order': \(order), "
        + "'shape': (4611686018427387904, 0, 4611686018427387904, 3)}"
      #expect(try Npy.read(guarded(npy(header, [])), path: "f").byteCount == 0)
    }
  }

  @Test func `every truncation and wrong magic is refused`() throws {
    let whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0])
    var wrong = whole.indices.map { Array(whole[..<$0]) }
    for i in 0..<8 {
      var copy = whole
      copy[i] ^= 0x40
      wrong.append(copy)
    }
    // Lengths that lie, in versions with two and four bytes.
    wrong.append(Array(whole[..<8]) + [0xFF, 0xFF] + whole[10...])
    wrong.append([0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0])
    for file in wrong {
      let error = #expect(throws: TesseraError.self) { try Npy.read(guarded(file), path: "f") }
      #expect(error?.code == .malformedData)
    }
  }

  @Test func `damaged files give an error or a tensor, never a crash`() throws {
    let whole = npy(
      "{'descr': '>i2', 'fortran_order': True, 'shape': (3, 2), }", [UInt8](0..<12), 2)
    var random = SeededGenerator(seed: 2)
    var opened = 0
    for _ in 0..<20_000 {
      let storage = guarded(mutated(whole, header: whole.count - 12, using: &random))
      do throws(TesseraError) {
        let tensor = try Npy.read(storage, path: "f")
        #expect(bytes(tensor).count == tensor.byteCount)
        opened += 1
      } catch { #expect(error.code == .malformedData, "\(error)") }
    }
    #expect(opened > 100)
    #expect(opened < 19_000)
  }
}

/// An npy file with that header and data.
func npy(_ header: String, _ data: [UInt8], _ version: UInt8 = 1) -> [UInt8] {
  let text = Array(header.utf8)
  let length =
    version == 1
    ? withUnsafeBytes(of: UInt16(text.count).littleEndian, Array.init)
    : withUnsafeBytes(of: UInt32(text.count).littleEndian, Array.init)
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
}
