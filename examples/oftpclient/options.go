package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/ediport/ediport/oftp"
)

// options are the command line.
type options struct {
	host                 string
	port                 int
	tls, insecure        bool
	ca, cert, key        string
	ssid, sfid, password string
	server               struct{ ssid, sfid, password string }
	send                 []file
	receive              string
	version              oftp.Version
	format               oftp.FileFormat
	recordSize           int
	settings             []string
	timeout              time.Duration
	noWait, trace        bool
}

// A file is to be sent; name is its virtual file name, "" for one made of path.
type file struct{ path, name string }

const usage = `Usage: oftpclient -connect HOST:PORT -ssid CODE [flags]

Sends files by OFTP, waits for their receipts, and receives what the server has.

Files carry the time of their last modification as their stamp. A client that was
killed in the middle of a file, and is run again with the same arguments, goes on
where it was, if the server agrees to restart: the same name and stamp tell it
that it is the same file. Different files of the same time differ by their names;
a name that is used twice in one call gets the next counter of the stamp.

Exit codes:
  0  every file was acknowledged by its receipt (with -no-wait: was accepted)
  1  a file was refused, cannot be sent, or its receipt has not come
  2  wrong usage
  3  the connection or the session failed; this does not count once the last
     receipt has come, unless files are received, too

Flags:
`

// parse reads the command line.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{version: oftp.Version20}
	fs := o.flags()
	fs.SetOutput(io.Discard) // the caller prints errors
	fs.Usage = func() {}     // and nobody wants all flags with each of them
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		fs.SetOutput(stderr)
		fs.PrintDefaults()
	}
	if err == nil {
		err = o.check(fs.Args())
	}
	return o, err
}

func (o *options) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("oftpclient", flag.ContinueOnError)
	fs.Func("connect", "the server's `HOST:PORT`", o.setServer)
	fs.BoolVar(&o.tls, "tls", false, "begin with a TLS handshake")
	fs.StringVar(&o.ca, "ca", "", "CA certificates for the server's one, besides the system's: a PEM `FILE`")
	fs.BoolVar(&o.insecure, "insecure", false, "accept any certificate of the server: for tests only")
	fs.StringVar(&o.cert, "cert", "", "own certificate for servers that ask for one, a PEM `FILE`")
	fs.StringVar(&o.key, "key", "", "the private key of -cert, a PEM `FILE`")
	fs.StringVar(&o.ssid, "ssid", "", "own session identity, a `CODE` of at most 25 characters")
	fs.StringVar(&o.sfid, "sfid", "", "own file identity, a `CODE` too (default: that of -ssid)")
	fs.StringVar(&o.password, "password", "", "own `PASSWORD`, at most 8 characters")
	fs.StringVar(&o.server.ssid, "server-ssid", "", "the `CODE` that the server must have (default: any)")
	fs.StringVar(&o.server.sfid, "server-sfid", "", "the `CODE` that files are for (default: the server's session identity)")
	fs.StringVar(&o.server.password, "server-password", "", "the `PASSWORD` that the server must have (default: any)")
	fs.Func("send", "send `FILE`, or FILE=VIRTUALNAME, split at the last =; repeatable", o.addFile)
	fs.StringVar(&o.receive, "receive", "", "`FOLDER` for received files (default: files are refused)")
	fs.Func("version", "the newest `VERSION` to offer: 1.2, 1.3, 1.4 or 2.0 (default 2.0)", o.setVersion)
	fs.Func("format", "`FORMAT` of files to be sent: U unstructured (default), T text, F fixed or V variable records", o.setFormat)
	fs.IntVar(&o.recordSize, "record-size", 0, "length of records for -format F, largest length for V")
	fs.Func("buffer", "largest exchange buffer in `OCTETS`, 128 to 99999", o.numberFor("ExchangeBufferSize"))
	fs.Func("credit", "exchange buffers before the receiver confirms, a `NUMBER` from 1 to 999", o.numberFor("CreditCount"))
	fs.Func("config", "a setting of the library, `NAME=VALUE`, as in docs/settings.md; repeatable", o.addSetting)
	fs.DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait for each answer of the server")
	fs.BoolVar(&o.noWait, "no-wait", false, "do not insist on receipts: accepted is enough")
	fs.BoolVar(&o.trace, "trace", false, "print the protocol trail to stderr")
	return fs
}

func (o *options) setServer(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return err
	}
	o.host = host
	o.port, err = strconv.Atoi(port)
	return err
}

func (o *options) addFile(text string) error {
	f := file{path: text}
	if i := strings.LastIndexByte(text, '='); i >= 0 {
		f.path, f.name = text[:i], text[i+1:]
	}
	if f.path == "" {
		return errors.New("use FILE or FILE=VIRTUALNAME")
	}
	o.send = append(o.send, f)
	return nil
}

func (o *options) setVersion(text string) error {
	for v := oftp.Version12; v <= oftp.Version20; v++ {
		if v.String() == text {
			o.version = v
			return nil
		}
	}
	return errors.New("use 1.2, 1.3, 1.4 or 2.0")
}

var formats = map[string]oftp.FileFormat{
	"U": oftp.Unstructured, "T": oftp.Text, "F": oftp.Fixed, "V": oftp.Variable,
}

func (o *options) setFormat(text string) error {
	format, ok := formats[text]
	if !ok {
		return errors.New("use U, T, F or V")
	}
	o.format = format
	return nil
}

// numberFor makes a flag out of a setting; the library knows its limits.
func (o *options) numberFor(setting string) func(string) error {
	return func(text string) error { return o.addSetting(setting + "=" + text) }
}

func (o *options) addSetting(text string) error {
	if !strings.Contains(text, "=") {
		return errors.New("use NAME=VALUE")
	}
	o.settings = append(o.settings, text)
	return nil
}

func (o *options) check(rest []string) error {
	records := o.format == oftp.Fixed || o.format == oftp.Variable
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: see -h", rest[0])
	case o.host == "":
		return errors.New("-connect is needed: see -h")
	case o.ssid == "":
		return errors.New("-ssid is needed: see -h")
	case (o.cert == "") != (o.key == ""):
		return errors.New("-cert and -key belong together")
	case !o.tls && (o.ca != "" || o.insecure || o.cert != ""):
		return errors.New("-ca, -insecure and -cert need -tls")
	case records != (o.recordSize > 0):
		return errors.New("-record-size belongs to -format F and V")
	}
	return nil
}
