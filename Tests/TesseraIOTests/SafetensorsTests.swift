import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct SafetensorsTests {
  @Test func `every element type survives a round trip, in the order given`() throws {
    let scratch = try Scratch()
    let tensors = try DType.allCases.map { (name: "t.\($0)", tensor: try sample($0)) }
    try Safetensors.write(
      tensors, metadata: ["b": "2", "a": "ä\n\""], to: scratch.path("x.safetensors"))
    let file = try SafetensorsFile(path: scratch.path("x.safetensors"))
    #expect(file.names == tensors.map(\.name))
    #expect(file.metadata == ["a": "ä\n\"", "b": "2"])
    for (name, tensor) in tensors {
      let read = try file.tensor(named: name)
      #expect(read.dtype == tensor.dtype)
      #expect(read.shape == tensor.shape)
      #expect(bytes(read) == bytes(tensor))
    }
    #expect(try scratch.contents() == ["x.safetensors"])
  }

  @Test func `tensors are aligned views of the file`() throws {
    let scratch = try Scratch()
    let path = scratch.path("x.safetensors")
    try Safetensors.write(
      [("a", sample(.u8, shape: [3])), ("b", sample(.f64)), ("c", sample(.bf16))], to: path)
    let file = try SafetensorsFile(path: path)
    func address(_ name: String) throws -> Int {
      try file.tensor(named: name).withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
    }
    #expect(try address("b") % 8 == 0)
    #expect(try address("c") % 2 == 0)
    #expect(try address("a") == address("a"))
  }

  @Test func `a tensor outlives its file object`() throws {
    let scratch = try Scratch()
    let path = scratch.path("x.safetensors")
    let original = try sample(.f32)
    try Safetensors.write([("a", original)], to: path)
    let tensor = try SafetensorsFile(path: path).tensor(named: "a")
    try FileManager.default.removeItem(atPath: path)
    #expect(bytes(tensor) == bytes(original))
  }

  @Test func `scalars, empty tensors and empty files round trip`() throws {
    let scratch = try Scratch()
    let path = scratch.path("x.safetensors")
    try Safetensors.write([], to: path)
    #expect(try SafetensorsFile(path: path).entries.isEmpty)
    try Safetensors.write(
      [("scalar", sample(.f32, shape: [])), ("empty", sample(.i64, shape: [4, 0, 2]))], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(try file.tensor(named: "scalar").shape == [])
    #expect(try file.tensor(named: "empty").shape == [4, 0, 2])
  }

  @Test func `names of any characters round trip`() throws {
    let scratch = try Scratch()
    let path = scratch.path("x.safetensors")
    let names = ["", "a/b.c", "\"\\", "\u{1}\n\t", "層🙂", "a\u{0}b"]
    try Safetensors.write(names.map { ($0, try sample(.u8)) }, to: path)
    #expect(try SafetensorsFile(path: path).names == names)
  }

  @Test func `repeated and reserved names are refused and leave no file`() throws {
    let scratch = try Scratch()
    for names in [["a", "a"], ["__metadata__"]] {
      let error = #expect(throws: TesseraError.self) {
        try Safetensors.write(
          names.map { ($0, try sample(.u8)) }, to: scratch.path("x.safetensors"))
      }
      #expect(error?.code == .invalidArgument)
    }
    #expect(try scratch.contents() == [])
  }

  @Test func `an unknown name is answered with the known ones`() throws {
    let scratch = try Scratch()
    let path = scratch.path("x.safetensors")
    try Safetensors.write([("weight", sample(.f32))], to: path)
    let error = #expect(throws: TesseraError.self) {
      try SafetensorsFile(path: path).tensor(named: "wieght")
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("\"wieght\", allowed \"weight\"") == true)
  }

  @Test func `a foreign element type fails only when that tensor is asked for`() throws {
    let header = """
      {"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},\
      "b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},\
      "c":{"dtype":"X17","shape":[2],"data_offsets":[6,7]}}
      """
    let file = try SafetensorsFile(
      storage: guarded(safetensors(header, data: 7)), path: "f.safetensors")
    #expect(try file.tensor(named: "b").shape == [2])
    #expect(file.entry(named: "a")?.typeName == "F8_E4M3")
    for name in ["a", "c"] {
      let error = #expect(throws: TesseraError.self) { try file.tensor(named: name) }
      #expect(error?.code == .malformedData)
      #expect(error?.message.contains("f.safetensors: tensor \"\(name)\"") == true)
    }
  }

  @Test func `unknown fields, white space and escapes in the header are read`() throws {
    let header = """
      { "\\u0061\\ud83d\\ude42" : { "extra": [1, {"x": [-1.5e+3, null, true, false, ""]}],
        "shape" : [ 2 , 1 ], "dtype":"U8", "data_offsets":[0, 2] } }\t\r\n  
      """
    let file = try SafetensorsFile(storage: guarded(safetensors(header, data: 2)), path: "f")
    #expect(file.names == ["a🙂"])
  }
}

/// A file with that header and so many bytes of data.
func safetensors(_ header: String, data: Int) -> [UInt8] {
  safetensors(Array(header.utf8), data: data)
}

func safetensors(_ header: [UInt8], data: Int) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header
    + [UInt8](repeating: 1, count: data)
}
