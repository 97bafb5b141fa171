import java.io.BufferedInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bouncycastle.cms.CMSCompressedDataParser;
import org.bouncycastle.cms.CMSCompressedDataStreamGenerator;
import org.bouncycastle.cms.jcajce.ZlibCompressor;
import org.bouncycastle.cms.jcajce.ZlibExpanderProvider;

/** Writes and reads CompressedData with Bouncy Castle: Comp c|d IN OUT [SEGMENT]. */
public class Comp {
  public static void main(String[] args) throws Exception {
    Path in = Path.of(args[1]), out = Path.of(args[2]);
    if (args[0].equals("c")) {
      CMSCompressedDataStreamGenerator g = new CMSCompressedDataStreamGenerator();
      if (args.length > 3) {
        g.setBufferSize(Integer.parseInt(args[3]));
      }
      try (OutputStream file = Files.newOutputStream(out); OutputStream content = g.open(file, new ZlibCompressor())) {
        Files.copy(in, content);
      }
      return;
    }
    CMSCompressedDataParser p = new CMSCompressedDataParser(new BufferedInputStream(Files.newInputStream(in)));
    try (InputStream content = p.getContent(new ZlibExpanderProvider()).getContentStream()) {
      Files.copy(content, out);
    }
  }
}
