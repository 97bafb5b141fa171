package oftp

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/tcpserver"
)

// values are the settings of a server or client as a whole.
type values struct {
	codePage                  string
	closeStream               bool
	dateFormat                string
	disconnectAfterEndSession bool
	failOnUntrustedCert       bool
	fireEndResponseOnSend     bool
	followRedirects           int
	friendlyLog               bool
	logLevel                  int
	secureAuthentication      int
	sendCDAfterEFPA           bool
	trustedCertsData          string
}

// connValues are the settings that each connection has for itself. Without a
// ConnectionID, Config changes what new connections start with.
type connValues struct {
	allowRetry             bool
	bufferCompression      bool
	cdAfterSendEndResponse bool
	connectionType         int
	creditCount            int
	exchangeBufferSize     int
	fileDescription        string
	maxFileSize            int64
	partialFileLife        int
	furtherSFIDs           string
	nameFormat             string
	recordSeparator        string
	restart                bool
	ownPassword            string
	ownSFID                string
	ownSSID                string
	strictCounts           bool
	tempPath               string
}

// maxFileSize is the largest number of octets that the protocol can count.
const maxFileSize int64 = 99_999_999_999_999_999

const needsCMS = "it needs CMS file security, which is not there yet"

var serverTable = settings.NewTable(
	settings.Custom("CodePage", "65001", "65001", func(v *values) string { return v.codePage }, onlyUTF8,
		"text of OFTP 2.0 is UTF-8; names are taken octet for octet"),
	settings.Bool("CloseStreamAfterTransfer", true, func(v *values) *bool { return &v.closeStream },
		"closes UploadStream and DownloadStream, if they can be closed, when their transfer ends"),
	settings.Bool("DisconnectAfterEndSession", false, func(v *values) *bool { return &v.disconnectAfterEndSession },
		"closes the connection at once after ending the session, instead of waiting a little for the peer to do it"),
	settings.Bool("FailOnUntrustedCert", false, func(v *values) *bool { return &v.failOnUntrustedCert },
		"refuses to load a certificate that no certificate in TrustedCerts vouches for; False fires Error and goes on. Without TrustedCerts nothing is checked"),
	settings.Bool("FireEndResponseOnSend", false, func(v *values) *bool { return &v.fireEndResponseOnSend },
		"fires EndResponse for end responses that are sent, too"),
	settings.Choice("FollowRedirects", 0, []string{"Never", "Always", "SameScheme"}, func(v *values) *int { return &v.followRedirects },
		"whether ImportTrustedCerts follows HTTP redirects, at most five: not at all, also from https to http and back, or within one scheme"),
	settings.Bool("FriendlyLogFormat", false, func(v *values) *bool { return &v.friendlyLog },
		"PITrail gives a line of text in the place of the command's octets"),
	settings.Choice("LogLevel", int(LogInfo), []string{"None", "Info", "Verbose", "Debug"}, func(v *values) *int { return &v.logLevel },
		"what the Log event gets: nothing, commands, their fields, all octets"),
	settings.Choice("SecureAuthentication", 0, []string{"Disallowed"}, func(v *values) *int { return &v.secureAuthentication },
		"secure authentication of OFTP 2.0: not possible without CMS, so peers that want it are refused (ESID 12)"),
	settings.Bool("SendCDAfterEFPA", false, func(v *values) *bool { return &v.sendCDAfterEFPA },
		"hands the turn over after every file that was sent, whether or not the peer asks for it"),
	settings.Text("TrustedCertsData", "", func(v *values) *string { return &v.trustedCertsData }, nil,
		"where ImportTrustedCerts reads CA certificates: PEM text, a file, a folder, or an http or https URL"),
	settings.Text("VirtualFileDateFormat", datefmt.Default, func(v *values) *string { return &v.dateFormat }, datefmt.Check,
		"format of VirtualFileDate in events; yyyyMMddHHmmssffff loses nothing"),
	settings.Refused[values]("DefaultReceiptHashAlgorithm", needsCMS),
	settings.Refused[values]("DeleteOnError", needsCMS),
	settings.Refused[values]("ExchangeCertStoreType", needsCMS),
	settings.Refused[values]("ExchangeCertSubject", needsCMS),
	settings.Refused[values]("RecipientCertificateType", needsCMS),
)

var connTable = settings.NewTable(
	settings.Bool("AllowRetry", false, func(v *connValues) *bool { return &v.allowRetry },
		"tells the peer of every refused file that it may offer it again later; else only of one that another session is receiving"),
	settings.Bool("BufferCompression", true, func(v *connValues) *bool { return &v.bufferCompression },
		"agrees to the compression of data exchange buffers when the peer offers it"),
	settings.Bool("CDAfterSendEndResponse", false, func(v *connValues) *bool { return &v.cdAfterSendEndResponse },
		"hands the turn over after an end response that SendEndResponse sent at once"),
	settings.Choice("ConnectionType", 0, []string{"Both", "SendOnly", "ReceiveOnly"}, func(v *connValues) *int { return &v.connectionType },
		"direction of files that this side announces; to be set in AcceptConnection"),
	settings.Int("CreditCount", 999, 1, 999, func(v *connValues) *int { return &v.creditCount },
		"data exchange buffers that may be sent before the receiver confirms; the smaller of both sides counts"),
	settings.Int("ExchangeBufferSize", oftpwire.MaxBuffer, oftpwire.MinBuffer, oftpwire.MaxBuffer, func(v *connValues) *int { return &v.exchangeBufferSize },
		"largest data exchange buffer in octets; the smaller of both sides counts"),
	settings.Text("FileDescription", "", func(v *connValues) *string { return &v.fileDescription }, checkDescription,
		"description sent with files (OFTP 2.0)"),
	settings.Text("FurtherSFIDCodes", "", func(v *connValues) *string { return &v.furtherSFIDs }, checkCodes,
		"SFID codes besides ServerSFIDCode that files for this side may carry, separated by commas"),
	settings.Int("MaxFileSize", 0, 0, maxFileSize, func(v *connValues) *int64 { return &v.maxFileSize },
		"most octets that a received file may have on disk: one that is offered as larger is refused, and so, at its end, is one that gets larger (reason 06); 0 is no limit"),
	settings.Int("PartialFileLife", 168, 0, 87_600, func(v *connValues) *int { return &v.partialFileLife },
		"hours for which a file that broke off is kept for restart; 0 is for ever"),
	settings.Text("ReceivedFileNameFormat", "%VirtualFileName%", func(v *connValues) *string { return &v.nameFormat }, oftpfile.CheckPattern,
		"names of received files: %VirtualFileName% %VirtualFileDate% %VirtualFileDate:format% %Originator% %Destination% %UserData% %CurrentTime% %GUID%"),
	settings.Text("RecordSeparator", oftpfile.SeparatorCRLF, func(v *connValues) *string { return &v.recordSeparator }, checkSeparator,
		"what stands behind each record of an F or V file on disk: CRLF, LF, or None (F only)"),
	settings.Bool("Restart", true, func(v *connValues) *bool { return &v.restart },
		"agrees to restart: a file that broke off goes on where it was"),
	settings.Secret("ServerPassword", func(v *connValues) *string { return &v.ownPassword }, checkPassword,
		"the property of that name for one connection"),
	settings.Text("ServerSFIDCode", "", func(v *connValues) *string { return &v.ownSFID }, checkCode,
		"the property of that name for one connection"),
	settings.Text("ServerSSIDCode", "", func(v *connValues) *string { return &v.ownSSID }, checkCode,
		"the property of that name for one connection"),
	settings.Bool("StrictFileCounts", false, func(v *connValues) *bool { return &v.strictCounts },
		"refuses files of formats T, F and V whose end (EFID) has other counts than were received; U files always"),
	settings.Text("TempPath", "", func(v *connValues) *string { return &v.tempPath }, nil,
		"folder for files while they are received; empty is the folder they go to. Needed for restart, and for PartialFileLife, where ReceivedFileNameFormat names folders that change"),
	settings.Refused[connValues]("CertificateStore", needsCMS),
	settings.Refused[connValues]("CertificateStorePassword", needsCMS),
	settings.Refused[connValues]("CertificateStoreType", needsCMS),
	settings.Refused[connValues]("CertificateSubject", needsCMS),
	settings.Refused[connValues]("CertificateType", needsCMS),
	settings.Refused[connValues]("FileHashAlgorithm", needsCMS),
)

// factTable are things that can be asked about a connection.
var factTable = settings.NewTable(
	settings.ReadOnly("ReceivedConnectionType", func(c *Connection) string {
		return strconv.Itoa(int(c.peerType()))
	}, "direction of files that the peer announced: 0 both, 1 it only sends, 2 it only receives"),
	settings.ReadOnly("ReceivedFileDateTime", func(c *Connection) string {
		return c.dateText(c.received().Stamp)
	}, "date and time stamp of the file being received, by VirtualFileDateFormat"),
	settings.ReadOnly("ReceivedFileDescription", func(c *Connection) string { return c.received().Description },
		"description that came with the file being received"),
	settings.ReadOnly("ReceivedFileName", func(c *Connection) string { return c.received().Name },
		"name of the file being received"),
	settings.ReadOnly("Retry", func(c *Connection) string { return boolText(c.retry()) },
		"whether the peer allows the file that it refused last to be offered again"),
	settings.Refused[Connection]("ReceivedFileEncryptionAlg", needsCMS),
)

// config is the Config of a server or client: its own tables, then the core's.
func config(text string, s *settings.Store[values], defaults *settings.Store[connValues], core *tcpserver.Core, find func(id string) (*Connection, bool)) (string, error) {
	st, err := settings.Parse(text)
	switch {
	case err != nil:
		return "", err
	case st.Indexed && (defaults.Has(st.Name) || factTable.Has(st.Name)):
		c, ok := find(st.Index)
		if !ok {
			return "", tcpserver.NoConnection(st.Index)
		}
		return c.config(st)
	case !st.Indexed && s.Has(st.Name):
		return s.Config(st)
	case !st.Indexed && isProperty(st.Name):
		return "", trap.New(trap.CodeInvalidArgument, "%s is a property; as a setting it needs a ConnectionID", st.Name)
	case !st.Indexed && defaults.Has(st.Name):
		return defaults.Config(st)
	}
	return core.Config(text)
}

// isProperty reports whether a connection's setting is a property of the whole
// server.
func isProperty(name string) bool {
	switch strings.ToLower(name) {
	case "serverpassword", "serversfidcode", "serverssidcode":
		return true
	}
	return false
}

// atLogin are the settings that Start Session settles: from then on they tell
// what both sides have agreed on.
var atLogin = []string{
	"BufferCompression", "ConnectionType", "CreditCount", "ExchangeBufferSize", "Restart", "ServerPassword", "ServerSSIDCode",
}

func (c *Connection) config(st settings.Statement) (string, error) {
	if !factTable.Has(st.Name) {
		if st.Assign && c.agreed() && slices.ContainsFunc(atLogin, func(name string) bool { return strings.EqualFold(name, st.Name) }) {
			return "", trap.New(trap.CodeInvalidArgument, "setting %s was settled at the session's start: set it in AcceptConnection", st.Name)
		}
		return c.settings.Config(st)
	}
	if st.Assign {
		return "", factTable.Set(c, st.Name, st.Value)
	}
	return factTable.Get(c, st.Name)
}

// Settings calls visit for every setting of this package, for documentation:
// scope is "server", "connection" (which has a form without ConnectionID for
// new connections) or "fact". Those of tcpserver come on top.
func Settings(visit func(scope, name, kind, def, access, doc string)) {
	for _, row := range serverTable.Rows() {
		visit("server", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
	for _, row := range connTable.Rows() {
		visit("connection", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
	for _, row := range factTable.Rows() {
		visit("fact", row.Name, row.Kind, row.Default, row.Access(), row.Doc)
	}
}

func onlyUTF8(v *values, text string) error {
	if strings.TrimSpace(text) != "65001" {
		return errors.New("text of OFTP 2.0 is UTF-8 by its RFC: only 65001 is possible")
	}
	v.codePage = "65001"
	return nil
}

func checkSeparator(text string) error {
	return oftpfile.Layout{Format: oftpwire.Fixed, RecordSize: 1, Separator: text}.Check()
}

func checkDescription(text string) error {
	if len(text) > 999 {
		return errors.New("a description has at most 999 octets")
	}
	return nil
}

func checkPassword(text string) error {
	if len(text) > 8 {
		return errors.New("a password has at most 8 characters")
	}
	return printable("a password", text)
}

func checkCode(text string) error {
	if len(text) > 25 {
		return errors.New("an identification code has at most 25 characters")
	}
	return printable("an identification code", text)
}

func checkCodes(text string) error {
	for code := range strings.SplitSeq(text, ",") {
		if err := checkCode(strings.TrimSpace(code)); err != nil {
			return err
		}
	}
	return nil
}

func printable(what, text string) error {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return errors.New(what + " has printable ASCII characters only")
		}
	}
	return nil
}

func boolText(on bool) string {
	if on {
		return "True"
	}
	return "False"
}

// invalid turns a check's complaint about a property into an error.
func invalid(property string, err error) error {
	if err == nil {
		return nil
	}
	return trap.New(trap.CodeInvalidArgument, "%s: %w", property, err)
}
