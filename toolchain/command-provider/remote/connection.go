// Package remote runs commands and copies files on hosts reached over SSH.
package remote

import (
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
)

const (
	defaultUser           = "root"
	defaultPort           = 22
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15
	unlimited             = -1
)

// Endpoint is one SSH server and how to log in to it.
type Endpoint struct {
	Host               string  `pulumi:"host"`
	Port               *int    `pulumi:"port,optional"`
	User               *string `pulumi:"user,optional"`
	Password           *string `pulumi:"password,optional"`
	PrivateKey         *string `pulumi:"privateKey,optional"`
	PrivateKeyPassword *string `pulumi:"privateKeyPassword,optional"`
	AgentSocketPath    *string `pulumi:"agentSocketPath,optional"`
	HostKey            *string `pulumi:"hostKey,optional"`
	DialErrorLimit     *int    `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int    `pulumi:"perDialTimeout,optional"`
}

// Annotate describes the fields for the schema and sets their defaults.
func (e *Endpoint) Annotate(a infer.Annotator) {
	a.Describe(&e.Host, "The address of the SSH server.")
	a.Describe(&e.Port, "The port of the SSH server.")
	a.SetDefault(&e.Port, defaultPort)
	a.Describe(&e.User, "The user to log in as.")
	a.SetDefault(&e.User, defaultUser)
	a.Describe(&e.Password, "The user's password. Tried after the private key.")
	a.Describe(&e.PrivateKey, "The text of a private key of the user.")
	a.Describe(&e.PrivateKeyPassword, "The password of the private key, if it is encrypted.")
	a.Describe(&e.AgentSocketPath, "The socket of an SSH agent. Default: the environment variable SSH_AUTH_SOCK.")
	a.Describe(&e.HostKey, "The server's key, as one line of an authorized_keys file. Another key, or a key of another "+
		"type, is refused. Without it the server is not verified.")
	a.Describe(&e.DialErrorLimit, "How many attempts to connect may fail before an error; -1 for any number.")
	a.SetDefault(&e.DialErrorLimit, defaultDialErrorLimit)
	a.Describe(&e.PerDialTimeout, "Seconds after which one attempt to connect is given up; 0 for never.")
	a.SetDefault(&e.PerDialTimeout, defaultPerDialTimeout)
}

func (e *Endpoint) address() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(orDefault(e.Port, defaultPort)))
}

func (e *Endpoint) dialErrorLimit() int {
	return orDefault(e.DialErrorLimit, defaultDialErrorLimit)
}

// perDialTimeout is the time for one attempt; 0 is no limit.
func (e *Endpoint) perDialTimeout() time.Duration {
	return time.Duration(orDefault(e.PerDialTimeout, defaultPerDialTimeout)) * time.Second
}

// Connection is a host, and the proxy through which it is reached, if any.
type Connection struct {
	Endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// Annotate describes the type and its fields for the schema.
func (c *Connection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach a host over SSH.")
	a.Describe(&c.Proxy, "A bastion host from which the connection to the host is made.")
}

// ProxyConnection is a bastion host.
type ProxyConnection struct {
	Endpoint
}

// Annotate describes the type and its fields for the schema.
func (c *ProxyConnection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach a bastion host over SSH.")
}

func orDefault[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}
