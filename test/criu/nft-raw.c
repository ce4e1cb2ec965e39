/*
 * Makes the table "inet TABLE" of nftables, and in it a chain of each further name: whatever bytes they have, which the
 * language of nft has no words for.
 */
#include <err.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char batch[65536];
static unsigned int length;

static struct nlmsghdr *begin(int type, int flags, int family, int resource)
{
	struct nlmsghdr *header = (void *)(batch + length);
	struct nfgenmsg *generic = NLMSG_DATA(header);

	header->nlmsg_len = NLMSG_LENGTH(sizeof *generic);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	generic->nfgen_family = family;
	generic->res_id = htons(resource);
	return header;
}

static void add(struct nlmsghdr *header, int type, const char *name)
{
	struct nlattr *attribute = (void *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + strlen(name) + 1;
	strcpy((char *)attribute + NLA_HDRLEN, name);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
}

static void end(struct nlmsghdr *header)
{
	length += NLMSG_ALIGN(header->nlmsg_len);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	char answer[65536];
	struct nlmsghdr *header = (void *)answer;

	if (argc < 2)
		errx(2, "which?");
	end(begin(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	header = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, 1 /* inet */, 0);
	add(header, NFTA_TABLE_NAME, argv[1]);
	end(header);
	for (int i = 2; i < argc; i++) {
		header = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, 1 /* inet */, 0);
		add(header, NFTA_CHAIN_TABLE, argv[1]);
		add(header, NFTA_CHAIN_NAME, argv[i]);
		end(header);
	}
	end(begin(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (fd < 0 || send(fd, batch, length, 0) != length)
		err(1, "send");
	for (int i = 1; i < argc; i++) {
		if (recv(fd, answer, sizeof answer, 0) < 0)
			err(1, "recv");
		header = (void *)answer;
		if (header->nlmsg_type == NLMSG_ERROR && ((struct nlmsgerr *)NLMSG_DATA(header))->error)
			errx(1, "%s: %s", argv[i], strerror(-((struct nlmsgerr *)NLMSG_DATA(header))->error));
	}
	return 0;
}
