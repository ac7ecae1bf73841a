import Foundation
import TesseraCore
import TesseraIO
import Testing

/// Files that Python wrote, and Python's view of files that were written here.
@Suite struct NumPyCrossCheckTests {
  @Test func `arrays that NumPy saves are read`() throws {
    let scratch = try Scratch()
    _ = try python(
      """
      import numpy, sys
      for kind in ['f8', 'f4', 'f2', 'i8', 'i4', 'i2', 'i1', 'u8', 'u4', 'u2', 'u1', 'b1']:
        for end in '<>':
          for order in 'CF':
            for version in [(1, 0), (2, 0), (3, 0)]:
              a = (numpy.arange(24) - (12 if kind[0] in 'fi' else 0)).reshape(2, 3, 4)
              a = numpy.asarray(a, dtype=end + kind, order=order)
              name = f'{sys.argv[1]}/{kind}{"LB"[end == ">"]}{order}{version[0]}.npy'
              with open(name, 'wb') as f: numpy.lib.format.write_array(f, a, version)
      """, [scratch.folder])
    let files = try scratch.contents()
    #expect(files.count == 12 * 2 * 2 * 3)
    for file in files {
      let tensor = try Npy.read(scratch.path(file))
      #expect(tensor.shape == [2, 3, 4], "\(file)")
      let start = file.hasPrefix("f") || file.hasPrefix("i") ? -12 : 0
      let expected = (0..<24).map { Double($0 + start) }
      #expect(
        tensor.doubles() == (file.hasPrefix("b") ? expected.map { $0 == 0 ? 0 : 1 } : expected),
        "\(file)")
    }
  }

  @Test func `NumPy reads the arrays written here`() throws {
    let scratch = try Scratch()
    for dtype in DType.allCases where dtype != .bf16 {
      let values: [Float] = [0, 1, 2, 3, 4, 1]
      try Npy.write(
        HostTensor(rounding: values, to: dtype, shape: [3, 2]), to: scratch.path("\(dtype).npy"))
    }
    let output = try python(
      """
      import numpy, sys, os
      for name in sorted(os.listdir(sys.argv[1])):
        a = numpy.load(sys.argv[1] + '/' + name)
        print(name, a.dtype, a.shape, a.astype('f8').ravel().tolist())
      """, [scratch.folder])
    let types: [(DType, String)] = [
      (.bool, "bool"), (.f16, "float16"), (.f32, "float32"), (.f64, "float64"),
      (.i16, "int16"), (.i32, "int32"), (.i64, "int64"), (.i8, "int8"),
      (.u16, "uint16"), (.u32, "uint32"), (.u64, "uint64"), (.u8, "uint8"),
    ]
    let expected = types.map { dtype, name in
      let values = dtype == .bool ? "0.0, 1.0, 1.0, 1.0, 1.0, 1.0" : "0.0, 1.0, 2.0, 3.0, 4.0, 1.0"
      return "\(dtype).npy \(name) (3, 2) [\(values)]\n"
    }
    #expect(output == expected.joined())
  }

  @Test func `a safetensors file that Python packs is read`() throws {
    let scratch = try Scratch()
    _ = try python(
      """
      import numpy, struct, json, sys
      tensors = {'weight': ('F32', numpy.arange(6, dtype='<f4').reshape(2, 3) / 3),
        'half': ('F16', numpy.array([1.5, -2], '<f2')), 'on': ('BOOL', numpy.array([True, False])),
        'long': ('I64', numpy.array(-(2**53) - 1, '<i8'))}
      header, data = {'__metadata__': {'format': 'pt', 'name': 'h\\u00e9'}}, b''
      for name, (dtype, a) in tensors.items():
        header[name] = {'dtype': dtype, 'shape': list(a.shape),
          'data_offsets': [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
      text = json.dumps(header).encode()
      text += b' ' * (-len(text) % 8)
      open(sys.argv[1], 'wb').write(struct.pack('<Q', len(text)) + text + data)
      """, [scratch.path("p.safetensors")])
    let file = try SafetensorsFile(path: scratch.path("p.safetensors"))
    #expect(file.names == ["weight", "half", "on", "long"])
    #expect(file.metadata == ["format": "pt", "name": "hé"])
    #expect(
      try file.tensor(named: "weight").values(as: Float.self) == (0..<6).map { Float($0) / 3 })
    #expect(try file.tensor(named: "half").floats() == [1.5, -2])
    #expect(try file.tensor(named: "on").floats() == [1, 0])
    #expect(try file.tensor(named: "long").values(as: Int64.self) == [-(1 << 53) - 1])
  }

  @Test func `Python unpacks the safetensors file written here`() throws {
    let scratch = try Scratch()
    try Safetensors.write(
      [
        ("b\"\u{1}", HostTensor(rounding: [1, 2, 3], to: .u8, shape: [3])),
        ("bf", HostTensor(rounding: [1, -2.5], to: .bf16, shape: [2, 1])),
        ("d", HostTensor([Double.pi], shape: [])),
      ], metadata: ["k": "ü"], to: scratch.path("p.safetensors"))
    let output = try python(
      """
      import numpy, struct, json, sys
      raw = open(sys.argv[1], 'rb').read()
      n, = struct.unpack('<Q', raw[:8])
      header, data = json.loads(raw[8:8 + n].decode()), raw[8 + n:]
      assert n % 8 == 0
      print(ascii(header.pop('__metadata__')), ascii(list(header)))
      for name, t in header.items():
        begin, end = t['data_offsets']
        print(t['dtype'], t['shape'], begin, data[begin:end].hex())
      print(len(data))
      """, [scratch.path("p.safetensors")])
    #expect(
      output == """
        {'k': '\\xfc'} ['b"\\x01', 'bf', 'd']
        U8 [3] 12 010203
        BF16 [2, 1] 8 803f20c0
        F64 [] 0 182d4454fb210940
        15

        """)
  }
}
