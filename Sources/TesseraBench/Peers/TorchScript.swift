/// What the PyTorch peer runs: a child that reads one request a line and answers with one.
///
///     KEY gemm M N K BATCH TA TB TYPE A B   load A and B from files → ok
///     KEY sdpa B N M H KV D DV CAUSAL GRAD TYPE    scaled_dot_product_attention of random Q, K, V → ok
///     KEY flex B H D GRAD TYPE L W S DIL CAUSAL    compiled FlexAttention with the exact mask of neighborhood
///                                       attention; the last five are lists, one value per axis → ok
///     KEY run FILE                      of a product: compute once, write the result → ok
///     KEY time COUNT                    seconds of one of COUNT calls in a row, replayed from a graph where
///                                       PyTorch can record them
///     KEY drop                          free what the key stands for → ok
///
/// Several cases are timed in turns: each has a key of its own.
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
    calls = {}

    def load(path, shape, dtype):
      count = 1
      for extent in shape: count *= extent
      return torch.from_file(path, shared=False, size=count, dtype=dtype).cuda().reshape(shape)

    def gemm(key, m, n, k, batch, ta, tb, dtype, a, b):
      m, n, k, batch = int(m), int(n), int(k), int(batch)
      lead = [batch] if batch > 1 else []
      left = load(a, lead + ([k, m] if ta == "1" else [m, k]), types[dtype])
      right = load(b, lead + ([n, k] if tb == "1" else [k, n]), types[dtype])
      if ta == "1": left = left.transpose(-1, -2)
      if tb == "1": right = right.transpose(-1, -2)
      result = torch.empty(lead + [m, n], dtype=types[dtype], device="cuda")
      ready(key, lambda: torch.matmul(left, right, out=result), True)

    def ready(key, call, recordable):
      calls[key] = {"call": call, "recordable": recordable}
      call()
      torch.cuda.synchronize()

    def attention(key, call, shapes, dtype, grad):
      torch.manual_seed(1)
      tensors = [torch.randn(s, device="cuda", dtype=types[dtype], requires_grad=grad) for s in shapes]
      # Heads last, as ours are; these see them as PyTorch's functions want them.
      views = [t.transpose(1, 2) for t in tensors]
      if not grad:
        return ready(key, lambda: call(*views), True)
      result = call(*views)
      upstream = torch.randn_like(result)
      ready(key, lambda: torch.autograd.grad(result, tensors, upstream, retain_graph=True), False)

    def sdpa(key, batch, n, m, heads, kv, d, dv, causal, grad, dtype):
      batch, n, m, heads, kv, d, dv = map(int, (batch, n, m, heads, kv, d, dv))
      function = torch.nn.functional.scaled_dot_product_attention
      more = {"enable_gqa": True} if kv != heads else {}
      attention(key, lambda q, k, v: function(q, k, v, is_causal=causal == "1", **more),
                [[batch, n, heads, d], [batch, m, kv, d], [batch, m, kv, dv]], dtype, grad == "1")

    def flex(key, batch, heads, d, grad, dtype, *axes):
      from torch.nn.attention.flex_attention import flex_attention, create_block_mask
      torch._dynamo.config.cache_size_limit = 64
      lengths, windows, strides, dilations, causal = [[int(x) for x in a.split(",")] for a in axes]
      tokens = 1
      for length in lengths: tokens *= length
      def meets(i, j, axis):
        window, stride, dilation = windows[axis], strides[axis], dilations[axis]
        group, place, other = i % dilation, i // dilation, j // dilation
        count = (lengths[axis] - group + dilation - 1) // dilation
        lead = place // stride * stride + (stride - 1 if causal[axis] else stride // 2)
        lead = torch.minimum(lead, count - 1)
        if causal[axis]:
          first = torch.clamp(lead - window + 1, min=0)
          inside = (other >= first) & (other <= place)
        else:
          first = torch.minimum(torch.clamp(lead - window // 2, min=0), count - window)
          inside = (other >= first) & (other < first + window)
        return (j % dilation == group) & inside
      def mask(b, h, i, j):
        result = None
        for axis in reversed(range(len(lengths))):
          own = meets(i % lengths[axis], j % lengths[axis], axis)
          result = own if result is None else result & own
          i, j = i // lengths[axis], j // lengths[axis]
        return result
      blocks = torch.compile(create_block_mask)(mask, None, None, tokens, tokens, device="cuda")
      function = torch.compile(flex_attention)
      shape = [int(batch), tokens, int(heads), int(d)]
      attention(key, lambda q, k, v: function(q, k, v, block_mask=blocks), [shape] * 3, dtype,
                grad == "1")

    def run(key, path):
      calls[key]["call"]().cpu().contiguous().view(torch.uint8).numpy().tofile(path)

    def time(key, count):
      count, own = int(count), calls[key]
      first, last = torch.cuda.Event(True), torch.cuda.Event(True)
      if own["recordable"] and own.get("count") != count:
        own.pop("graph", None)
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
          own["call"]()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
          for _ in range(count): own["call"]()
        own["graph"], own["count"] = graph, count
      torch.cuda.synchronize()
      first.record()
      if own["recordable"]: own["graph"].replay()
      else:
        for _ in range(count): own["call"]()
      last.record()
      torch.cuda.synchronize()
      return first.elapsed_time(last) * 1e-3 / count

    def drop(key):
      calls.pop(key, None)
      torch.cuda.empty_cache()

    requests = {"gemm": gemm, "sdpa": sdpa, "flex": flex, "run": run, "time": time, "drop": drop}
    for line in sys.stdin:
      key, request, *words = line.split()
      try:
        answer = requests[request](key, *words)
        print("ok" if answer is None else "ok " + repr(answer), flush=True)
      except Exception as error:
        print("failed", " ".join(str(error).split())[:300], flush=True)
    """
}
