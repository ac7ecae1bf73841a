/// What the PyTorch peer runs: a child that reads one request a line and answers with one.
///
///     gemm M N K BATCH TA TB TYPE A B   load A and B from files → ok
///     run FILE                          compute once, write the result → ok
///     time COUNT                        seconds of one of COUNT products in a row, replayed from a graph
///     drop                              free everything → ok
///
/// Sums are kept in f32, as ours are.
enum TorchScript {
  static let text = """
    import sys
    try:
      import torch
      assert torch.cuda.is_available()
    except Exception as error:
      print("absent", str(error).splitlines()[0] if str(error) else type(error).__name__, flush=True)
      sys.exit(0)
    print("ready", torch.__version__, torch.cuda.get_device_name(), flush=True)
    matmul = torch.backends.cuda.matmul
    matmul.allow_tf32 = False
    matmul.allow_fp16_reduced_precision_reduction = False
    matmul.allow_bf16_reduced_precision_reduction = False
    types = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}
    state = {}

    def load(path, shape, dtype):
      count = 1
      for extent in shape: count *= extent
      return torch.from_file(path, shared=False, size=count, dtype=dtype).cuda().reshape(shape)

    def gemm(m, n, k, batch, ta, tb, dtype, a, b):
      m, n, k, batch = int(m), int(n), int(k), int(batch)
      lead = [batch] if batch > 1 else []
      left = load(a, lead + ([k, m] if ta == "1" else [m, k]), types[dtype])
      right = load(b, lead + ([n, k] if tb == "1" else [k, n]), types[dtype])
      state["a"] = left.transpose(-1, -2) if ta == "1" else left
      state["b"] = right.transpose(-1, -2) if tb == "1" else right
      state["d"] = torch.empty(lead + [m, n], dtype=types[dtype], device="cuda")
      state.pop("graph", None)

    def once():
      torch.matmul(state["a"], state["b"], out=state["d"])

    def run(path):
      once()
      state["d"].cpu().contiguous().view(torch.uint8).numpy().tofile(path)

    def time(count):
      count = int(count)
      if state.get("graph", (0, None))[0] != count:
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
          once()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
          for _ in range(count): once()
        state["graph"] = (count, graph)
        state["events"] = (torch.cuda.Event(True), torch.cuda.Event(True))
      first, last = state["events"]
      torch.cuda.synchronize()
      first.record()
      state["graph"][1].replay()
      last.record()
      torch.cuda.synchronize()
      return first.elapsed_time(last) * 1e-3 / count

    for line in sys.stdin:
      words = line.split()
      try:
        if words[0] == "gemm": gemm(*words[1:])
        elif words[0] == "run": run(words[1])
        elif words[0] == "drop":
          state.clear()
          torch.cuda.empty_cache()
        elif words[0] == "time":
          print("ok", repr(time(words[1])), flush=True)
          continue
        print("ok", flush=True)
      except Exception as error:
        print("failed", " ".join(str(error).split())[:300], flush=True)
    """
}
