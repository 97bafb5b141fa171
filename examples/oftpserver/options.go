package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	listen, tlsListen    string
	ssid, sfid, password string
	partners             partners
	cert, key            string
	download, temp       string
	outbound             []file
	settings             []string
	trace                bool
	grace                time.Duration
}

// A file waits for a partner.
type file struct{ partner, path string }

const usage = `Usage: oftpserver -listen HOST:PORT -ssid CODE -partner SSID:PASSWORD ... [flags]

Receives files from known partners by OFTP 1.2 to 2.0, and sends them what is
queued for them. Received files get a name, a stamp and a GUID, so that files of
equal names never collide.

SIGTERM or an interrupt lets running transfers finish, within -grace; a second
one breaks them off. Exit codes: 0 ended in order, 1 failed, 2 wrong usage.

Flags:
`

// parse reads the command line, and checks what can be checked before anything
// is opened.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{partners: make(partners)}
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
	fs := flag.NewFlagSet("oftpserver", flag.ContinueOnError)
	fs.StringVar(&o.listen, "listen", "", "`HOST:PORT` for plain sessions; port 0 is any free one, 3305 is usual")
	fs.StringVar(&o.tlsListen, "tls-listen", "", "`HOST:PORT` for sessions over TLS, 6619 is usual; needs -cert and -key")
	fs.StringVar(&o.ssid, "ssid", "", "the server's session identity, a `CODE` of at most 25 characters")
	fs.StringVar(&o.sfid, "sfid", "", "the server's file identity, a `CODE` too (default: that of -ssid)")
	fs.StringVar(&o.password, "password", "", "the server's own `PASSWORD`, at most 8 characters")
	fs.Func("partner", "a partner as `SSID:PASSWORD[:SFID]`; repeatable, others are refused.\nSFID is whom files to this partner are for (default: its SSID)", o.partners.add)
	fs.Func("partner-auth", "the partner with this `SSID` must use secure authentication (not there yet)", needsCMS)
	fs.Func("partner-cert", "a partner's certificate for file security, `SSID=FILE` (not there yet)", needsCMS)
	fs.StringVar(&o.cert, "cert", "", "own certificate for TLS and its chain, a PEM `FILE`")
	fs.StringVar(&o.key, "key", "", "the private key of -cert, a PEM `FILE`")
	fs.StringVar(&o.download, "download", "", "`FOLDER` for received files (default: files are refused)")
	fs.StringVar(&o.temp, "temp", "", "`FOLDER` for files while they are received (default: that of -download)")
	fs.Func("outbound", "send a file to a partner when it gives the turn, `SSID=FILE`; repeatable", o.addOutbound)
	fs.Func("config", "a setting of the library, `NAME=VALUE`, as in docs/settings.md; repeatable", o.addSetting)
	fs.BoolVar(&o.trace, "trace", false, "print the protocol trail to stderr")
	fs.DurationVar(&o.grace, "grace", time.Minute, "how long running transfers may go on after SIGTERM")
	return fs
}

var errTooLong = errors.New("codes have at most 25 characters, passwords 8")

func tooLong(code, password string) bool { return len(code) > 25 || len(password) > 8 }

func needsCMS(string) error {
	return errors.New("it needs CMS file security, which this version does not have yet")
}

func (o *options) addOutbound(text string) error {
	partner, path, ok := strings.Cut(text, "=")
	if !ok || partner == "" || path == "" {
		return errors.New("use SSID=FILE")
	}
	o.outbound = append(o.outbound, file{partner, path})
	return nil
}

func (o *options) addSetting(text string) error {
	if !strings.Contains(text, "=") {
		return errors.New("use NAME=VALUE")
	}
	o.settings = append(o.settings, text)
	return nil
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: see -h", rest[0])
	case o.listen == "" && o.tlsListen == "":
		return errors.New("-listen or -tls-listen is needed: see -h")
	case o.ssid == "":
		return errors.New("-ssid is needed: see -h")
	case tooLong(o.ssid, o.password), tooLong(o.sfid, ""):
		return errTooLong
	case (o.cert == "") != (o.key == ""):
		return errors.New("-cert and -key belong together")
	case o.tlsListen != "" && o.cert == "":
		return errors.New("-tls-listen needs -cert and -key")
	}
	if o.sfid == "" {
		o.sfid = o.ssid
	}
	for _, f := range o.outbound {
		if _, ok := o.partners[f.partner]; !ok {
			return fmt.Errorf("-outbound %s=%s: there is no -partner %s", f.partner, f.path, f.partner)
		}
		if _, err := os.Stat(f.path); err != nil {
			return fmt.Errorf("-outbound %s=%s: %w", f.partner, f.path, err)
		}
	}
	return nil
}
